"""`rollbot app create`: a GitHub App with the least rights, by a local page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.printing import say
from bot.errors import Refused

app = typer.Typer(
    name="app",
    help="""Make the GitHub App that Rollbot acts as.

    \b
    Examples:
      rollbot app create
      rollbot app create --org acme --public-url https://rollbot.acme.example
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def create(
    organisation: Annotated[str | None, typer.Option("--org", metavar="NAME", help="For this organisation; else for yourself.")] = None,
    public_url: Annotated[str | None, typer.Option(metavar="URL", help="Where GitHub reaches Rollbot, for webhooks.")] = None,
    github_url: Annotated[str | None, typer.Option(metavar="URL", help="GitHub's API instead of ROLLBOT_GITHUB_URL.")] = None,
    folder: Annotated[Path, typer.Option(metavar="PATH", help="Where its key and secret go.")] = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the page listens on this machine; 0: any free port.")] = 0,
) -> None:
    """Make a GitHub App: open the printed page, click, name it at GitHub. Its secrets are written to files only you can read.

    \b
    Examples:
      rollbot app create --org acme --public-url https://rollbot.acme.example
      rollbot app create --github-url https://github.acme.example/api/v3
    """
    from bot import settings
    from bot.adapters.forges.github.manifest import form_target
    from bot.web.app import create_app
    from bot.web.running import run_until
    from bot.web.setup import Setup

    found = settings.load().model_copy(update={"api_tokens": {}})  # the page is this machine's alone
    setup = Setup(github_url or found.github_url, folder, organisation, public_url)
    form_target(setup.api, organisation)
    if taken := setup.taken():
        raise Refused(f"there is {taken} already, of an earlier App; move it away first, or say another --folder")
    run_until(
        create_app(found, {}, setup=setup),
        port,
        _tell,
        setup.made,
    )
    if not setup.made.is_set():
        raise Refused("no App was made")
    say(f"made: {setup.variables.absolute()} (key: {setup.key.absolute()})")
    say("next: install it at GitHub, then `set -a; . " + str(setup.variables.absolute()) + "; set +a; rollbot doctor`")


def _tell(address: str) -> None:
    say(f"open {address}/setup in a browser on this machine; Ctrl-C ends this")
    sys.stdout.flush()
