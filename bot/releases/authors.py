"""A commit's author and message → bot or person, which pull request, and whether it takes something back."""

from __future__ import annotations

import re
from functools import lru_cache

# Names that stand for themselves: as the whole name or address, or as a word of it.
_BOTS = (
    "renovate",
    "renovatebot",
    "renovate-bot",
    "dependabot",
    "dependabot-preview",
    "fluxcdbot",
    "fluxbot",
    "weave-flux",
    "flux",
    "flux-system",
    "image-automation-controller",
    "argocd",
    "argo-cd",
    "argocd-image-updater",
    "argo-cd-image-updater",
    "image-updater",
    "github-actions",
    "gitlab-ci",
    "gitlab-bot",
    "jenkins",
    "circleci",
    "drone",
    "tekton",
    "concourse",
    "kargo",
    "keel",
    "mergify",
    "kodiakhq",
    "bors",
    "k8s-ci-robot",
    "openshift-merge-robot",
    "openshift-bot",
    "pre-commit-ci",
    "updatecli",
    "snyk-bot",
    "pyup-bot",
    "greenkeeper",
    "imgbot",
    "rollbot",
    "ci",
    "cd",
    "ci-bot",
    "deploy-bot",
    "release-bot",
    "robot",
    "bot",
)
_WHOLE = re.compile(rf"(?:{'|'.join(map(re.escape, _BOTS))})", re.IGNORECASE)
_MARKED = re.compile(r"\[bot\]|(?:^|[\s._+-])(?:bot|robot|automation)(?:$|[\s._@+-])", re.IGNORECASE)
_ONE_WORD = re.compile(r"[a-z0-9_-]+bot|[A-Za-z0-9_-]+[a-z]Bot")
_BRANCH = re.compile(
    r"Merge (?:pull request #\d+ from [^\s/]+/|branch ')(?:renovate|dependabot|flux|image-updater|snyk|update-?cli|automated?)[/-]",
    re.IGNORECASE,
)
_FLUX = re.compile(r"Auto-release (?:\S+:\S+\s*$|multiple \(\d+\) images|\(no images\))", re.MULTILINE)
_PULL = (
    re.compile(r"^Merge pull request #(\d+)\b"),
    re.compile(r"^Merged in .* \(pull request #(\d+)\)"),
    re.compile(r"\((?:#|!|pull request #)(\d+)\)\s*$"),
)
_IN_BODY = (
    re.compile(r"^See merge request (?:[\w./-]*)!(\d+)\s*$", re.MULTILINE),
    re.compile(
        r"^(?:Pull-Request|PR-URL|PR|Merge-Request|Reviewed-on|Pull-request-url):\s*(?:\S*/(?:pull|pulls|merge_requests)/|#|!)(\d+)\b",
        re.MULTILINE | re.IGNORECASE,
    ),
)
_TRAILER = re.compile(r"^Rollback-[A-Z][A-Za-z]*:\s*\S", re.MULTILINE)
_REVERT = re.compile(r'^(?:Revert "|Revert\s+\'|revert(?:\([^)]*\))?!?:\s)', re.IGNORECASE)
_NESTED = re.compile(r'Revert "', re.IGNORECASE)
_BODY = re.compile(r"^This reverts commit [0-9a-f]{7,64}\b", re.MULTILINE)
_AGAIN = re.compile(r'^(?:Reapply|Re-?land|Redo) "', re.IGNORECASE)


def is_bot(author: str, email: str, message: str = "") -> bool:
    """Say whether a machine made the change; a person who merges a bot's branch only carries it."""
    return _named(author, email) or bool(_BRANCH.match(message)) or flux_released(message)


@lru_cache(maxsize=1024)  # a line of thousands of commits has a few dozen authors
def _named(author: str, email: str) -> bool:
    local = email.partition("@")[0].rpartition("+")[2]
    named = any(_WHOLE.fullmatch(text.strip()) or _MARKED.search(text.strip()) for text in (author, local))
    return named or bool(_ONE_WORD.fullmatch(author.strip()))


def flux_released(message: str) -> bool:
    """Say whether the automation of Flux's first version made the commit, under whatever name: the subject is fluxd's own."""
    return bool(_FLUX.match(message))


def pull_request(message: str) -> int | None:
    """Return the number of the pull or merge request that a commit says it came from."""
    subject = message.split("\n", 1)[0].rstrip()
    for pattern in _PULL:
        if found := pattern.search(subject):
            return int(found[1])
    for pattern in _IN_BODY:
        if found := pattern.search(message):
            return int(found[1])
    return None


def is_rollback(message: str) -> bool:
    """Say whether a commit takes an earlier one back; a revert of a revert does not."""
    subject = message.split("\n", 1)[0]
    if _TRAILER.search(message):
        return True
    if _AGAIN.match(subject):
        return False
    if _REVERT.match(subject):
        return max(1, len(_NESTED.findall(subject))) % 2 == 1
    return bool(_BODY.search(message))


def rolled_back_in(message: str) -> str | None:
    """The incident whose rollback this commit is; None where it is none of ours, or an undo of one."""
    said = dict(line.split(": ", 1) for line in message.splitlines() if line.startswith("Rollback-") and ": " in line)
    return None if "Rollback-Undo" in said else said.get("Rollback-Incident")
