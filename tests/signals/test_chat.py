"""What people write, and what it means: a table; and, whatever they write, an answer."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.chat import duration, read, written
from bot.signals.spoken import Allow, Approve, Cancel, Good, Help, Hold, Misspoken, Resume, RollBack, Status, Undo, Why

HOUR = 3600.0


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        pytest.param("/rollback", RollBack(), id="alone"),
        pytest.param("/rollback checkout", RollBack("checkout"), id="a service"),
        pytest.param(
            "/rollback checkout to 1.3.9 in prod because it's slow",
            RollBack("checkout", "prod", "1.3.9", reason="it's slow"),
            id="words, a reason with an apostrophe",
        ),
        pytest.param(
            '/rollback checkout --to 1.3.9 --env prod --reason "too slow, because of it" --dry-run --mode merge',
            RollBack("checkout", "prod", "1.3.9", "merge", "too slow, because of it", True),
            id="flags",
        ),
        pytest.param("/rollback --service=status --env=prod", RollBack("status", "prod"), id="a service named like a verb"),
        pytest.param("/rollback to 2.4.3", RollBack(to="2.4.3"), id="only a version"),
        pytest.param("/rollback plan checkout in prod", RollBack("checkout", "prod", dry_run=True), id="plan"),
        pytest.param("/ROLLBACK Checkout IN Prod", RollBack("Checkout", "Prod"), id="in capitals"),
        pytest.param("/rollback checkout —to 1.3.9 –env prod", RollBack("checkout", "prod", "1.3.9"), id="dashes of a phone"),
        pytest.param("/rollback checkout --reason “it hangs”", RollBack("checkout", reason="it hangs"), id="quotation marks of a phone"),
        pytest.param("/rollback\u00a0checkout", RollBack("checkout"), id="a space of a phone"),
        pytest.param("  /rollback checkout  ", RollBack("checkout"), id="spaces around it"),
        pytest.param("\n\n/rollback checkout\n\nIt hangs since noon.", RollBack("checkout"), id="free text below"),
        pytest.param("/rollback checkout\r\n", RollBack("checkout"), id="a line end of Windows"),
        pytest.param("`/rollback checkout`", RollBack("checkout"), id="in backticks, alone"),
        pytest.param("> what now?\n\n/rollback status", Status(), id="an answer to a quotation"),
        pytest.param("```\n500s\n```\n/rollback checkout", RollBack("checkout"), id="below a code block"),
        pytest.param("/rollback status checkout in prod", Status("checkout", "prod"), id="status"),
        pytest.param("/rollback why", Why(), id="why"),
        pytest.param("/rollback approve because I looked", Approve(reason="I looked"), id="approve"),
        pytest.param("/rollback cancel checkout", Cancel("checkout"), id="cancel"),
        pytest.param("/rollback undo", Undo(), id="undo"),
        pytest.param("/rollback hold 2h", Hold(2 * HOUR), id="hold"),
        pytest.param("/rollback hold checkout in prod for 1h30m", Hold(1.5 * HOUR, "checkout", "prod"), id="hold a service"),
        pytest.param("/rollback hold", Hold(24 * HOUR), id="hold, the usual time"),
        pytest.param("/rollback unhold checkout", Resume("checkout"), id="unhold"),
        pytest.param("/rollback resume", Resume(), id="resume"),
        pytest.param("/rollback allow 2.8.0 checkout in prod", Allow("2.8.0", "checkout", "prod"), id="allow"),
        pytest.param("/rollback good 2.8.0@sha256:0a because tests", Good("2.8.0@sha256:0a", reason="tests"), id="good"),
        pytest.param("/rollback help", Help(), id="help"),
    ],
)
def test_what_is_said_is_understood(text: str, spoken: object) -> None:
    assert read(text) == spoken


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("/rollbackfoo", id="another word"),
        pytest.param("/rollback, please", id="in a sentence"),
        pytest.param("/rollback@everyone", id="a mention"),
        pytest.param("Please /rollback checkout", id="not at the beginning"),
        pytest.param("It hangs.\n/rollback checkout", id="not on the first line"),
        pytest.param("> /rollback checkout", id="quoted"),
        pytest.param("> it hangs\n/rollback checkout", id="drawn into a quotation"),
        pytest.param("```\n/rollback checkout\n```\nThat is how.", id="in a code block"),
        pytest.param("~~~\n/rollback checkout", id="in a code block without end"),
        pytest.param("```text\n/rollback approve\n```\n", id="in a code block, alone"),
        pytest.param("    /rollback checkout", id="indented code"),
        pytest.param("`/rollback checkout` is how.", id="code in a sentence"),
        pytest.param("<!-- rollbot:x -->\n/rollback checkout", id="below a comment of ours"),
        pytest.param("<!--\n/rollback checkout\n-->", id="hidden"),
        pytest.param("@rollbot what happened?", id="only named"),
    ],
)
def test_what_is_no_command_is_nothing(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "says", "nearest"),
    [
        pytest.param("/rollback ../x", "../x is no name", None, id="a path"),
        pytest.param("/rollback -x", "-x is no option", None, id="an option"),
        pytest.param("/rollback a;b", "a;b is no name", None, id="a shell's semicolon"),
        pytest.param("/rollback $(id)", "$(id) is no name", None, id="a shell's substitution"),
        pytest.param("/rollback @everyone", "@everyone is no name", None, id="a mention"),
        pytest.param("/rollback checkout to ../../x", "is no version", None, id="a path as version"),
        pytest.param("/rollback checkout to --upload-pack=x", "is no version", None, id="an option as version"),
        pytest.param("/rollback check\0out", "a character that no command has", None, id="NUL"),
        pytest.param("/rollback check\u202eout", "a character that no command has", None, id="right to left"),
        pytest.param("/rollback " + "a" * 70_000, "longer than 1000", None, id="70 kB"),
        pytest.param('/rollback checkout --reason "slow', "never closed", None, id="an open quotation"),
        pytest.param("/rollback checkout --tto 1", "--tto is no option", "--to", id="a misspelt flag"),
        pytest.param("/rollback checkout to", "nothing comes after to", None, id="a clause without its word"),
        pytest.param("/rollback hodl 2h", "2h is one word too many", "/rollback hold", id="a misspelt verb"),
        pytest.param("/rollback checkout payments", "payments is one word too many", None, id="two services"),
        pytest.param("/rollback checkout to 1 to 2", "2 comes twice", None, id="twice"),
        pytest.param("/rollback checkout --mode psuh", "psuh is no mode", "push", id="a misspelt mode"),
        pytest.param("/rollback allow", "which version", None, id="allow what?"),
        pytest.param("/rollback hold for ever", "ever is no time", None, id="no time"),
        pytest.param("/rollback hold 99d", "no time from 1s to 30d", None, id="too long"),
        pytest.param("/rollback approve --dry-run", "--dry-run is no option", None, id="not of this verb"),
    ],
)
def test_what_is_misspoken_is_told_why(text: str, says: str, nearest: str | None) -> None:
    found = read(text)

    assert isinstance(found, Misspoken)
    assert (says in found.what, found.nearest) == (True, nearest)
    assert found.usage.startswith("/rollback")
    assert len(found.what) < 400


@given(st.text() | st.text(alphabet="/rollback `>~-\"'\\$;@\n\t\0= tofrinchekshd129").map(lambda text: f"/rollback {text}"))
@settings(max_examples=500, deadline=None)
def test_whatever_is_written_is_answered(text: str) -> None:
    found = read(text)

    assert found is None or type(found).__module__ == "bot.signals.spoken"


NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=20).filter(
    lambda text: text[0].isalnum() and ".." not in text
)
VERSIONS = NAMES | st.sampled_from(["v1.2.3+build", "1.2.3@sha256:" + "0a" * 32, "refs/tags/v1"])
REASONS = st.text(string.ascii_letters + string.digits + " '\"\\$;#-", max_size=60).map(lambda text: " ".join(text.split()))
MAYBE = st.none() | NAMES
SPOKEN = st.one_of(
    st.builds(RollBack, MAYBE, MAYBE, st.none() | VERSIONS, st.sampled_from([None, "pr", "merge", "push"]), REASONS, st.booleans()),
    st.builds(Status, MAYBE, MAYBE),
    st.builds(Why, MAYBE, MAYBE),
    *(st.builds(kind, MAYBE, MAYBE, REASONS) for kind in (Approve, Cancel, Undo)),
    st.builds(Hold, st.integers(1, 30 * 86400).map(float), MAYBE, MAYBE, REASONS),
    st.builds(Resume, MAYBE, MAYBE),
    *(st.builds(kind, VERSIONS, MAYBE, MAYBE, REASONS) for kind in (Allow, Good)),
    st.just(Help()),
)


@given(SPOKEN)
@settings(max_examples=300, deadline=None)
def test_what_we_write_is_read_as_the_same(spoken: object) -> None:
    assert read(written(spoken)) == spoken  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "text"), [(7200.0, "2h"), (5400.0, "1h30m"), (90.0, "1m30s"), (86400.0, "1d"), (0.2, "0s")])
def test_times_are_written_as_one_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
