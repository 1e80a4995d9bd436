"""What people repaired of a change goes back with it; what is more than that stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.manifests.estate import Estate
from bot.objections import Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, Plan
from bot.plans.undo import undo_file
from bot.refs import Sha
from bot.releases.release import Commit, DesiredState, FileChange
from tests.plans.test_make import codes, planned

MINUTES, DAY = 600, 86_400
FILE, NOTES = "shop/values.yaml", "notes.txt"


def values(probe: str, tag: str = "1.0", last: str = "debug: false") -> str:
    return (
        f"image:\n  repository: ghcr.io/x/shop\n  tag: {tag}\nresources: {{}}\nprobe:\n  path: /\n{probe}replicas: 2\nlog: info\n{last}\n"
    )


NEW = "  port: http\n  delay: 5\n"
REWORKED = "  port: http\n  delay: 30\n"


@pytest.mark.parametrize(
    ("step", "later", "goes"),
    [
        pytest.param(MINUTES, [values(REWORKED)], True, id="a line of it mended within minutes"),
        pytest.param(MINUTES, [values(REWORKED), values("  port: 80\n  delay: 60\n")], True, id="mended twice"),
        pytest.param(DAY, [values(REWORKED)], False, id="changed a day later"),
        pytest.param(MINUTES, [values(REWORKED, last="debug: true")], False, id="changed together with other lines"),
        pytest.param(MINUTES, [values(REWORKED, tag="1.1")], False, id="changed by a release"),
        pytest.param(MINUTES, [values(""), values(REWORKED)], False, id="taken back and made anew"),
    ],
)
def test_a_repair_goes_with_what_it_repaired(tell, step, later, goes):
    old, new = values("  port: 8080\n"), values(NEW)
    state = tell({FILE: old}, {FILE: new}, *({FILE: text} for text in later), step=step)

    answer = make(ByCommit(state.log[-2].sha), state)

    assert (isinstance(answer, Plan) and answer.files == {FILE: old.encode()}) is goes
    assert (codes(answer) & {"moved-on", "repair"}) == ({"repair"} if goes else {"moved-on"})


def test_a_bot_repairs_nothing(tell):
    bump = "Merge branch 'renovate/probe'"
    state = tell({FILE: values("  port: 8080\n")}, {FILE: values(NEW)}, (bump, {FILE: values(REWORKED)}), step=MINUTES)

    assert codes(make(ByCommit(state.log[1].sha), state)) == {"moved-on"}


def test_what_was_added_afterwards_stays_when_a_repair_goes(tell):
    old = values("  port: 8080\n")
    state = tell({FILE: old}, {FILE: values(NEW)}, {FILE: values(REWORKED)}, {FILE: values(REWORKED, last="debug: true")}, step=MINUTES)

    plan = planned(make(ByCommit(state.log[2].sha), state))

    assert plan.files == {FILE: values("  port: 8080\n", last="debug: true").encode()}
    assert [o.weight for o in plan.objections if o.code == "repair"] == [Weight.PERSON]


@given(
    old=st.lists(st.sampled_from(["old 1\n", "old 2\n"]), max_size=3),
    new=st.lists(st.sampled_from(["new 1\n", "new 2\n"]), min_size=1, max_size=4),
    mended=st.lists(st.sampled_from(["new 1\n", "new 2\n", "mended\n"]), max_size=4),
)
def test_whatever_was_made_of_the_new_lines_the_old_ones_return(old, new, mended):
    texts = [f"head\n{''.join(lines)}a\nb\nc\nlast\n" for lines in (old, new, mended)]
    state = told([*texts, texts[2].replace("last", "LAST")])

    done = undo_file(state, state.log[2], state.log[2].files[0], state.file(NOTES))

    assert done.text == texts[0].replace("last", "LAST").encode()


def told(texts: list[str]) -> DesiredState:
    """Commits of one text file, ten minutes apart, in memory."""
    log: list[Commit] = []
    for number, text in enumerate(texts):
        before = Sha(texts[number - 1]) if number else None
        change = FileChange(NOTES, before, Sha(text))
        log.insert(0, Commit(Sha(f"{number:040}"), None, number * 600.0, "ann", "ann@example.org", "Edit", (change,)))
    blobs = {Sha(text): text.encode() for text in texts}
    return DesiredState("r", log[0].sha, {NOTES: Sha(texts[-1])}, log, blobs, {}, Estate((), {}))
