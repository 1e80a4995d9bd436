"""`--repo` with a URL: said plainly, not taken for a folder."""

from __future__ import annotations

from typer.testing import CliRunner

from bot.cli.__main__ import app


def test_a_url_is_refused_with_the_way_out():
    answer = CliRunner().invoke(app, ["scan", "--repo", "https://127.0.0.1:1/x.git"], catch_exceptions=True)

    assert answer.exit_code != 0
    assert "clone it first" in answer.output + str(answer.exception)
