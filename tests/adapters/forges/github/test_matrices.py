"""The matrices that `make bench-github` prints, held to: no red cell."""

from __future__ import annotations

import pytest

from tests.adapters.forges.github import faults, protection
from tests.github.server import FakeGitHub


@pytest.mark.parametrize("kind", faults.KINDS)
@pytest.mark.parametrize("write", faults.WRITES)
def test_the_end_is_the_same_whatever_goes_wrong(server: FakeGitHub, write: str, kind: str) -> None:
    found = faults.cell(server, write, kind)

    assert found.wrong is None


@pytest.mark.parametrize("guard", protection.GUARDS)
def test_a_guarded_branch_is_merged_as_its_guards_allow(server: FakeGitHub, guard: str) -> None:
    found = protection.outcome(server, guard)

    assert found.wrong is None, f"{found.stands}, {found.end}: {found.text}"
