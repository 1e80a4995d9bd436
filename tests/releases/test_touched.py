from __future__ import annotations

import random
from itertools import chain, repeat

from bot.refs import Sha
from bot.releases.release import Commit, FileChange
from bot.releases.touched import Walk, among, grown, touched


def a_line(count: int, dice: random.Random) -> tuple[Commit, ...]:
    def change() -> FileChange:
        path = f"{dice.choice('ab')}/{dice.choice('xyz')}"
        return FileChange(path, Sha("1" * 40), Sha("2" * 40) if dice.random() < 0.7 else None)

    return tuple(
        Commit(
            Sha(f"{n:040}"), None, 0.0, "", "", dice.choice(("", "Rollback-Undo: x")), tuple(change() for _ in range(dice.randint(0, 2)))
        )
        for n in range(count)
    )


def test_a_line_that_grew_is_indexed_as_if_it_were_new() -> None:
    dice = random.Random(3)
    log = a_line(40, dice)
    touched(log)
    for _ in range(5):
        log = tuple(grown(log, a_line(dice.randint(1, 6), dice)))

    index, anew = touched(log), touched(list(log))

    assert (index.by_path, index.gone_from, index.ours) == (anew.by_path, anew.gone_from, anew.ours)
    for path, found in index.by_path.items():
        assert all(change in log[position].files and change.path == path for position, change in found)
    assert list(Walk(index, ["a/x"], ["b"])) == [
        each for each in log if any(c.path == "a/x" or (c.path.startswith("b/") and c.after is None) for c in each.files)
    ]


def test_wanted_commits_come_in_the_lines_order_and_nothing_below_the_last_is_looked_at() -> None:
    log = a_line(9, random.Random(1))
    endless = chain(log, repeat(log[0]))

    found = list(among(endless, [log[7].sha, log[2].sha]))

    assert found == [log[2], log[7]]
    assert list(among(endless, [])) == []
    assert list(among(log, [Sha("f" * 40), log[0].sha])) == [log[0]]
