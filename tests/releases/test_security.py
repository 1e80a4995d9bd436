"""What a commit's message says of security."""

from __future__ import annotations

import pytest

from bot.releases.security import marks


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Update checkout to 2.8.0\n\nFixes CVE-2026-21345 (security)", ("CVE-2026-21345",)),
        ("Update dependency lodash to v4.17.21 [SECURITY]", ("[SECURITY]",)),
        ("chore: bump\n\nGHSA-35jh-r3h4-6jhm, GHSA-35jh-r3h4-6jhm", ("GHSA-35jh-r3h4-6jhm",)),
        ("Security-fix release; closes two vulnerabilities", ("Security-fix", "vulnerabilities")),
        ("Update checkout to 2.8.0", ()),
        ("Move the securityContext of the pod; CVE-20 is no number", ()),
        ("Bump security-operator to 1.2.3", ()),
    ],
)
def test_marks(message: str, said: tuple[str, ...]) -> None:
    assert marks(message) == said
