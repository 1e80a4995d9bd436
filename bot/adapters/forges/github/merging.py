"""Merging exactly one commit: at once where the forge lets us, else why not, and whether time may change that."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.gates import gates
from bot.adapters.forges.github.pulls import Pulls
from bot.adapters.forges.github.queueing import Queueing
from bot.adapters.forges.github.refusals import Means, Refusal, refused
from bot.adapters.forges.github.standing import Standing
from bot.changes.change import Blocked, MergeAnswer, Merged, Moved, PullRequest
from bot.errors import Refused, Unavailable
from bot.ports import Repository
from bot.refs import Sha

METHODS = ("squash", "rebase", "merge")
"""In this order, as far as the repository allows them. Squash keeps our one commit as one, with our words and trailers, and
GitHub signs it; rebase keeps the words but cannot sign; a merge commit is given our words, so that the first-parent line tells."""

_AGAIN = (1.0, 2.0)
_UNDECIDED = (0.2, 0.5)


class Merging:
    def __init__(self, client: Client, repository: Repository, commits: Commits, pulls: Pulls) -> None:
        self._client, self._repository, self._commits, self._pulls = client, repository, commits, pulls
        self._queueing, self._standing = Queueing(client), Standing(client)

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        """See Forge.merge. What is not merged now for reasons that pass is armed to merge by itself as soon as it may."""
        with self._client.writing:
            found = self._pulls.one(pull.number)
            if found["merged_at"]:
                return self._read_back(found, head)
            if (answer := self._settled(found, head)) is not None:
                return answer
            commit = self._client.get(self._client.at(f"/git/commits/{head}"), sure=True)
            if (moved := self._overtaken(found, commit)) is not None:
                self.disarm(found)
                return Moved(moved)
            found = self._decided(found)
            if found.get("mergeable") is False or found.get("mergeable_state") in ("dirty", "behind"):
                return self._anew(found)
            answer = self._tried(found, head, commit)
            if isinstance(answer, Blocked) and not answer.waiting:
                self.disarm(self._pulls.one(pull.number))
            return answer

    def _read_back(self, found: Any, head: Sha) -> Merged:
        """What was merged before, perhaps by an earlier try of ours whose answer was lost: how it stood then nobody tells any more."""
        return Merged(Sha(found.get("merge_commit_sha") or head), self._bypassed(found["base"]["ref"], None) if self._by_us(found) else "")

    def disarm(self, found: Any) -> None:
        """See that it is not merged by itself later."""
        self._queueing.disarm(found)

    def _settled(self, found: Any, head: Sha) -> MergeAnswer | None:
        """What the pull request itself says already."""
        if found["merged_at"]:
            return Merged(Sha(found.get("merge_commit_sha") or head))
        if found["state"] != "open":
            return Blocked("the pull request is closed", waiting=False)
        if found["head"]["sha"] != head:
            self.disarm(found)
            return Blocked("somebody changed the branch after it was planned", waiting=False)
        if found.get("draft"):
            return Blocked("somebody to mark the pull request as ready: it is a draft", waiting=False)
        return None

    def _overtaken(self, found: Any, commit: Any) -> Sha | None:
        """The target's head, where what our commit changes is not as it was on its base any more."""
        target = self._commits.head(found["base"]["ref"])
        if target is None:
            raise Refused(f"branch {found['base']['ref']} is not at GitHub")
        base, head = Sha(commit["parents"][0]["sha"]), Sha(commit["sha"])
        if target == base:
            return None
        if not all(self._repository.contains(each, each) for each in (base, target, head)):
            self._repository.fetch()
        was, now, ours = (self._repository.tree(each) for each in (base, target, head))
        changed = {path for path in was.keys() | ours.keys() if was.get(path) != ours.get(path)}
        return target if any(was.get(path) != now.get(path) for path in changed) else None

    def _decided(self, found: Any) -> Any:
        """Give GitHub a moment to work out whether it can be merged; the merge itself makes it decide in the end."""
        for pause in _UNDECIDED:
            if found.get("mergeable") is not None:
                break
            self._client.timing.sleep(pause)
            found = self._pulls.one(found["number"])
        return found

    def _anew(self, found: Any) -> MergeAnswer:
        """In conflict with its target, or behind it where that is not allowed: plan again on the target's head."""
        target = self._commits.head(found["base"]["ref"])
        if target is None:
            raise Refused(f"branch {found['base']['ref']} is not at GitHub")
        self.disarm(found)
        return Moved(target)

    def _tried(self, found: Any, head: Sha, commit: Any) -> MergeAnswer:
        said = Refusal(Means.PERSON, "an administrator: the repository allows no way of merging")
        for method in self._allowed():
            said = Refusal(Means.UNKNOWN, "")
            for pause in (*_AGAIN, None):
                answer = self._merged(found, head, commit, method)
                if not isinstance(answer, Refusal):
                    return answer
                said = answer
                if said.means is not Means.AGAIN or pause is None:
                    break
                self._client.timing.sleep(pause)
            if said.means is not Means.METHOD:
                return self._blocked(said, head, method, commit, found)
        return Blocked(said.why, waiting=False)

    def _merged(self, found: Any, head: Sha, commit: Any, method: str) -> Merged | Refusal:
        path = self._client.at(f"/pulls/{found['number']}/merge")
        headline, _, body = commit["message"].strip().partition("\n\n")
        asked: dict[str, Any] = {"sha": head, "merge_method": method}
        if method != "rebase":
            asked |= {"commit_title": headline, "commit_message": body}

        def merge() -> Merged:
            return Merged(Sha(self._client.send("PUT", path, asked)["sha"]), self._bypassed(found["base"]["ref"], found))

        def look() -> Merged | None:
            there = self._pulls.one(found["number"])
            if not there["merged_at"]:
                return None
            return Merged(Sha(there["merge_commit_sha"]), self._bypassed(found["base"]["ref"], found) if self._by_us(there) else "")

        try:
            return self._client.settled(merge, look)
        except Denied as error:
            if error.status not in (403, 405, 409, 422):
                raise
            # Merged by an earlier try whose answer was lost, or by a person meanwhile: GitHub calls that "not mergeable".
            return look() or refused(error.said)

    def _blocked(self, said: Refusal, head: Sha, method: str, commit: Any, before: Any) -> MergeAnswer:
        found = self._decided(self._pulls.one(before["number"]))
        if (answer := self._settled(found, head)) is not None:
            return answer
        state = found.get("mergeable_state")
        match said.means:
            case Means.QUEUE:
                queued = self._queueing.enqueue(found, head)
                return self._waits(found, method, commit, queued) if isinstance(queued, Refusal) else queued
            case Means.BEHIND:
                return self._anew(found)
            case Means.WAIT:
                return self._waits(found, method, commit, said)
            case Means.AGAIN:
                return Blocked(said.why, waiting=True)
            case Means.PERSON | Means.METHOD:
                return Blocked(said.why, waiting=False)
            case Means.UNKNOWN if state in ("dirty", "behind"):
                return self._anew(found)
            case Means.UNKNOWN if state == "blocked":
                return self._waits(found, method, commit, Refusal(Means.WAIT, "a rule of the branch"))
            case Means.UNKNOWN if found.get("mergeable") is None:
                return Blocked("GitHub, which is still working out whether it can be merged", waiting=True)
            case Means.UNKNOWN:
                return Blocked(f"GitHub, which says: {said.why}", waiting=False)

    def _waits(self, found: Any, method: str, commit: Any, said: Refusal) -> Blocked:
        """Say what for, and let GitHub merge it the moment that comes."""
        exactly = self._standing.of(found, commit, said)
        return Blocked(exactly + self._queueing.arm(found, Sha(commit["sha"]), method, commit["message"]), waiting=True)

    def _allowed(self) -> tuple[str, ...]:
        """The ways of merging that the repository's settings allow, the best first."""
        settings = self._client.get(self._client.at(""))
        return tuple(
            method for method in METHODS if settings.get(f"allow_{'merge_commit' if method == 'merge' else f'{method}_merge'}", True)
        )

    def _by_us(self, merged: Any) -> bool:
        """Whether we pressed the button; what GitHub merged by itself later kept the rules."""
        by = merged.get("merged_by") or {}
        return not merged.get("auto_merge") and by.get("id") == self._client.identity().number

    def _bypassed(self, target: str, before: Any) -> str:
        """Nothing is got past in silence: GitHub lets whoever may bypass the rules merge what they block.

        `before` is how it stood; where nobody knows that (None), or GitHub had not worked it out, it is asked whether it lets us past.
        """
        if before is not None and before.get("mergeable_state") == "blocked":
            return "the branch's rules were bypassed: GitHub lets Rollbot do that"
        with suppress(Denied, Unavailable):
            if (before is None or before.get("mergeable") is None) and gates(self._client, target).bypassed:
                return "the branch's rules may have been bypassed: GitHub lets Rollbot do that"
        return ""
