"""A push over HTTP, held to the guards of its branches by a hook, as GitHub does it: each branch by itself, its reasons on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.github import guards
from tests.github.state import Repo

_HOOK = """#!/bin/sh
why=$(printf '%s\\n' "$FAKE_REFUSED" | while read -r ref text; do if [ "$ref" = "$1" ]; then echo "- $text"; fi; done)
case "$2" in *[!0]*) case " $FAKE_FORWARD " in *" $1 "*)
  case "$3" in *[!0]*) git merge-base --is-ancestor "$2" "$3" || why="- Cannot force-push to this branch" ;; esac ;;
esac ;; esac
[ -z "$why" ] && exit 0
printf 'error: GH006: Protected branch update failed for %s.\\n\\n%s\\n' "$1" "$why" >&2
exit 1
"""


def guarded(repo: Repo, me: str, body: bytes) -> Mapping[str, str]:
    """What the hook has to know of a push: for git's environment."""
    hook = repo.folder / "hooks" / "update"
    if not hook.exists():
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK)
        hook.chmod(0o755)
    refused, forward = [], []
    for new, ref in _commands(body):
        branch = ref.removeprefix("refs/heads/")
        if branch != ref:
            refused += [f"{ref} {why}" for why in guards.push(repo, branch, me, None if not new.strip("0") else new)]
            forward += [ref] if guards.forward_only(repo, branch, me) else []
    return {"FAKE_REFUSED": "\n".join(refused), "FAKE_FORWARD": " ".join(forward)}


def _commands(body: bytes) -> Iterator[tuple[str, str]]:
    """Where each ref is to go: pkt-lines of `old new ref`, until the first empty one (gitprotocol-pack)."""
    while (size := int(body[:4] or b"0", 16)) > 4:
        _, new, ref = body[4:size].partition(b"\0")[0].decode().strip().split(" ", 2)
        yield new, ref
        body = body[size:]
