"""CODEOWNERS by GitHub's documented examples and traps."""

from __future__ import annotations

import pytest

from bot.changes.owners import LARGEST, owners_of, parse

# The example of GitHub's documentation, line by line.
FILE = b"""
# a comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com @docs-owner
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octo-org/loggers
/apps/github
!/apps/no @nobody
[ab].md @nobody
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        pytest.param("README", ("global-owner1", "global-owner2"), id="everything else"),
        pytest.param("src/a.js", ("js-owner",), id="a name anywhere, an inline comment left alone"),
        pytest.param("a.go", (), id="an e-mail address is nobody we can ask"),
        pytest.param("x/a.txt", ("octo-org/octocats",), id="a team"),
        pytest.param("build/logs/deep/a", ("octo-org/loggers",), id="the last that fits decides"),
        pytest.param("x/apps/deep/a", ("octocat",), id="a folder anywhere"),
        pytest.param("docs/a", ("doctocat",), id="an anchored folder"),
        pytest.param("deep/logs/x/y", ("octo-org/loggers",), id="two stars"),
        pytest.param("apps/github/a", (), id="a line without owners takes them away"),
        pytest.param("apps/no", ("octocat",), id="negation is not supported"),
        pytest.param("a.md", ("global-owner1", "global-owner2"), id="nor are ranges"),
    ],
)
def test_whose_a_path_is(path: str, owners: tuple[str, ...]) -> None:
    assert owners_of([path], parse(FILE)) == owners


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        pytest.param("docs/*", "docs/a", True, id="one level"),
        pytest.param("docs/*", "docs/deep/a", False, id="no deeper"),
        pytest.param("docs/*", "x/docs/a", False, id="anchored by its slash"),
        pytest.param("/a/**/z", "a/z", True, id="two stars may be nothing"),
        pytest.param("/a/**", "a/b/c", True, id="all below"),
        pytest.param("apps", "apps/x", True, id="a name is a folder too"),
        pytest.param("apps/", "apps", False, id="a folder is no file"),
        pytest.param("a\\ b.yaml", "a b.yaml", True, id="an escaped space"),
        pytest.param("a?.yaml", "ab.yaml", True, id="one character"),
        pytest.param("a.yaml", "abyaml", False, id="a dot is a dot"),
        pytest.param("*a" * 30 + "b", "a" * 250, False, id="nor do many stars apart"),
        pytest.param("*" * 60 + "x", "y" * 2000, False, id="many stars take no time"),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert bool(owners_of([path], parse(f"{pattern} @a".encode()))) is fits


def test_the_owners_of_several_paths_are_asked_once_each() -> None:
    assert owners_of(["a.js", "b.js", "a.txt"], parse(FILE)) == ("js-owner", "octo-org/octocats")


def test_a_file_too_large_or_no_text_owns_nothing() -> None:
    assert parse(b"* @a\n" * (LARGEST // 5 + 1)) == ()
    assert parse(b"\xff\xfe\x00 @a\n") != ()
