"""What people read at the forge, whole, for rollbacks of a real repository; `--inline-snapshot=fix` (with `-n 0`) writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from inline_snapshot import snapshot

from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import ToldCommit

NAME = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b")
"""Names of commits, incidents and plans hold the folder that the repository lies in."""
ADA = "Ada Byron <ada@shop.example>"
OWNERS = "* @shop/platform\n/apps/checkout/ @ada @shop/checkout\n"


@contextmanager
def shop(tmp_path: Path, config: dict[str, Any] | None = None, services: dict[str, Any] | None = None) -> Iterator[LivedWorld]:
    raw = yaml.safe_load(story.SHOP.read_text())
    for key, changes in (services or {}).items():
        raw["services"][key] |= changes
    raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
    files = raw["history"][0]["files"]
    files[".github/CODEOWNERS"] = OWNERS
    rules = {"policy": {"trust": {"prod": "merge"}}, "outcomes": {"settle": "15s", "soak": "1m"}}
    files[".rollbot.yaml"] = yaml.safe_dump(rules | (config or {}))
    with LivedWorld(story.read(raw), tmp_path) as world:
        yield world


def bad_release(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0", message="chore(deps): update checkout to 2.8.0 (#231)\n")


def live(world: LivedWorld) -> None:
    """Let it come to its end; what waits for a person is merged by one."""
    world.pass_time(240)
    for _ in range(400):
        if all(incident.ended is not None for incident in world.incidents()):
            return
        waiting = [i.action.branch for i in world.incidents() if i.state == "proposed" and i.action.mode == "propose"]
        for branch in waiting:
            world.merge(branch)
        world.pass_time(15)


def proposal(world: LivedWorld) -> str:
    [branch] = [name for name in world.origin.branches() if name.startswith("rollbot/")]
    return branch


def plain(text: str) -> str:
    return NAME.sub("…", text.replace("\u200b", "~"))


def body(world: LivedWorld, kind: Callable[[str], bool] = lambda branch: not branch.endswith("-undo")) -> str:
    [change] = [change for branch, change in world.forge.opened.items() if kind(branch)]
    return plain(f"{change.title}\n{', '.join(change.labels)}\n{', '.join(change.reviewers)}\n\n{change.body}")


def comments(world: LivedWorld, number: int, key: str) -> list[str]:
    """Every text that a comment had, without its fold."""
    found = [text for pull, name, text in world.forge.comments if pull == number and re.fullmatch(rf".*:{key}", name)]
    return [plain(text.split("<details>")[0]).strip() for text in found]


def marks(world: LivedWorld) -> list[str]:
    return [plain(f"{mark.context} {mark.state}: {mark.text}") for mark in world.forge.marks.values()]


def test_a_bad_release_that_is_merged_back(tmp_path: Path) -> None:
    with shop(tmp_path) as world:
        bad_release(world)
        live(world)

        assert [str(incident.end) for incident in world.incidents()] == ["recovered"]
        assert body(world) == snapshot("""\
Rollback checkout 2.8.0 → 2.7.0 (prod)
rollback, env:prod, service:checkout
ada, shop/checkout

<!-- rollbot:… -->

**Roll back checkout in prod from 2.8.0 to 2.7.0.** Merges by itself: yes, because trust in prod is merge and nothing speaks against it.

### Why

- Alert `HighErrorRate` (critical) since 2026-03-12 02:42 UTC: checkout fails more than 5 % of its requests
- The symptom began 2026-03-12 02:41 UTC: the alert's condition has held since then
- Suspect: `2.8.0` (commit `…`), released 2026-03-12 02:40 UTC: the cluster ran it when the symptom began
- Also suspected: `…` (commit `…`), released 2026-03-11 21:20 UTC: the cluster ran it when the symptom began
- Also suspected: `2.7.0` (commit `…`), released 2026-03-07 19:40 UTC: the cluster ran it when the symptom began
- None of them: not ruled out. No probability was worked out (only the alert's own measure is known; name series in .rollbot.yaml); whether the rollback helps is the test, and it is undone if not

### What changes

- `apps/checkout/overlays/prod/kustomization.yaml:16` `images[name=registry.shop.example/checkout].newTag`: `2.8.0` → `2.7.0`
- `.rollbot/quarantine/prod-checkout-2.8.0-….yaml`: keeps the bad release out until 2026-03-26 02:42 UTC
- `apps/checkout/overlays/prod/kustomization.yaml`: keeps the bad release out until 2026-03-26 02:42 UTC
- Data compatibility: unknown: no schema annotation says whether the older version can live on today's database

```diff
--- a/apps/checkout/overlays/prod/kustomization.yaml
+++ b/apps/checkout/overlays/prod/kustomization.yaml
@@ -13,4 +13,4 @@
       - PAYMENTS_TIMEOUT=6s
 images:
   - name: registry.shop.example/checkout
-    newTag: "2.8.0"  # {"$imagepolicy": "flux-system:checkout:tag"}
+    newTag: "2.7.0"  # rollbot held until 2026-03-26: {"$imagepolicy": "flux-system:checkout:tag"}
```

### Stop or undo

As a comment here:

```text
/rollback cancel
```

- `/rollback approve`: merge it, as it stands now
- `/rollback cancel`, or close this pull request: do not; it is not proposed again by the next alert
- `/rollback undo`: after the merge, restore every byte
- `.rollbot/stop`: a file of that name on the branch stops everything

### What happens next

- After the merge Rollbot waits until the cluster has applied it, then whether the symptom ends. If it does not help, it is undone and the next suspect tried.
- Pull request #231, which released it, is told what happened and how to land it again.
- The bad release is kept out until 2026-03-26 02:42 UTC; `/rollback allow VERSION` lets it back earlier.

```mermaid
gantt
    title checkout on 2026-03-12 (UTC)
    dateFormat YYYY-MM-DD HH:mm:ss
    axisFormat %H:%M
    todayMarker off
    section Release
    released 2.8.0 :active, 2026-03-12 02:40:00, 2026-03-12 02:42:30
    section Symptom
    began :crit, 2026-03-12 02:41:45, 2026-03-12 02:41:46
    alert HighErrorRate :crit, 2026-03-12 02:42:00, 2026-03-12 02:42:30
    section Rollbot
    decided :milestone, 2026-03-12 02:42:30, 0s
```

<details><summary>Where else it could go back to</summary>

- `2.7.0` (commit `…`): the version before this one, served 4 d (chosen)
- `2.6.0` (commit `…`): 2 releases back, served 9 d
- `2.5.0` (commit `…`): 3 releases back, served 6 d

</details>

<details><summary>The quarantine, exactly</summary>

```diff
--- /dev/null
+++ b/.rollbot/quarantine/prod-checkout-2.8.0-….yaml
@@ -0,0 +1,13 @@
+# Kept out by Rollbot until it expires or a person lifts it.
+environment: "prod"
+service: "checkout"
+version: "2.8.0"
+release: "…"
+commit: "…"
+reason: "HighErrorRate: checkout fails more than 5 % of its requests"
+owner: "rollbot"
+incident: "prod-checkout-…"
+since: "2026-03-12T02:42:30Z"
+expires: "2026-03-26T02:42:30Z"
+places:
+  - ["apps/checkout/overlays/prod/kustomization.yaml", "images[name=registry.shop.example/checkout].newTag", "registry.shop.example/checkout", "2.8.0"]
```

</details>

<details><summary>The metric around the symptom's beginning</summary>

```mermaid
xychart-beta
    title "HighErrorRate"
    x-axis "minutes since the symptom began" -10 --> 0.75
    y-axis "value"
    line [0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.1567, 0.3114]
```

</details>
""")
        assert comments(world, 1, "1") == snapshot(
            [
                """\
**Merged: `checkout` in `prod` goes from `2.8.0` back to `2.7.0`.** Since 02:42 UTC. Waiting until the cluster has applied it.

Last seen: merged: …

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.\
""",
                """\
**Merged: `checkout` in `prod` goes from `2.8.0` back to `2.7.0`.** Since 02:42 UTC. Waiting until the cluster has applied it.

Last seen: not arrived yet

- the cluster has not applied it: it runs …, Synced, Healthy

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.\
""",
                """\
**The cluster runs it: `checkout` in `prod` goes from `2.8.0` back to `2.7.0`.** Since 02:43 UTC. Waiting to see whether that helps.

Last seen: arrived

- the cluster runs a revision that holds our commit

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.\
""",
                """\
**The cluster runs it: `checkout` in `prod` goes from `2.8.0` back to `2.7.0`.** Since 02:43 UTC. Waiting to see whether that helps.

Last seen: too early to say

- it fires, but looks back 75 s and so may fire that long after a cure

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.\
""",
                """\
**The cluster runs it: `checkout` in `prod` goes from `2.8.0` back to `2.7.0`.** Since 02:43 UTC. Waiting to see whether that helps.

Last seen: too early to say

- it is quiet; good evidence has to last 60 s

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.\
""",
                """\
**Recovered.** Since 02:46 UTC. Why: 2.8.0 was rolled back and that helped.

Last seen: recovered

- the alert has been quiet for 60 s
- 5 samples of its expression since then

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.\
""",
            ]
        )
        assert plain(world.forge.comments[-3][2]) == snapshot("""\
**Recovered.** Since 02:46 UTC. Why: 2.8.0 was rolled back and that helped.

Last seen: recovered

- the alert has been quiet for 60 s
- 5 samples of its expression since then

```text
/rollback undo
```

`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.

<details><summary>How it came to this</summary>

- 02:42 UTC: roll back 2.8.0 \\(…, chore\\(deps\\): update checkout to 2.8.0 \\(\\#~231\\)\\)
- 02:42 UTC: merge: 2.8.0 → 2.7.0 in apps/checkout/overlays/prod/kustomization.yaml
- 02:42 UTC: pull request 1 is open
- 02:42 UTC: merged: …
- 02:42 UTC: not arrived yet
- 02:43 UTC: arrived
- 02:43 UTC: too early to say
- 02:45 UTC: too early to say
- 02:46 UTC: recovered

</details>
""")
        assert comments(world, 231, "culprit:1") == snapshot(
            [
                """\
**`checkout` in `prod` was rolled back from `2.8.0`, which this pull request released, to `2.7.0`.** Whether that helps is being watched.

Done in #1.

### Why this one

- `HighErrorRate` since 2026-03-12 02:42 UTC: checkout fails more than 5 % of its requests
- the cluster ran it when the symptom began

### How to land it again

- Fix it and release a new version: that is not held back.
- The same change is kept out until 2026-03-26 02:42 UTC (`.rollbot/quarantine/`); a pull request that brings it back is named by `rollbot guard`.
- Not to blame after all? `/rollback allow 2.8.0` lets it back; `/rollback why` tells all the evidence.\
""",
                """\
**`checkout` in `prod` was rolled back from `2.8.0`, which this pull request released, to `2.7.0`.** That helped: the symptom ended.

Done in #1.

### Why this one

- `HighErrorRate` since 2026-03-12 02:42 UTC: checkout fails more than 5 % of its requests
- the cluster ran it when the symptom began

### How to land it again

- Fix it and release a new version: that is not held back.
- The same change is kept out until 2026-03-26 02:42 UTC (`.rollbot/quarantine/`); a pull request that brings it back is named by `rollbot guard`.
- Not to blame after all? `/rollback allow 2.8.0` lets it back; `/rollback why` tells all the evidence.\
""",
            ]
        )
        assert comments(world, 1, "end") == snapshot(
            [
                """\
**prod/checkout: recovered \\(2.8.0 was rolled back and that helped\\)**

- the alert has been quiet for 60 s
- 5 samples of its expression since then

```text
/rollback why
```\
"""
            ]
        )
        assert marks(world) == snapshot(["rollbot/prod/checkout failure: rolled back in prod to 2.7.0, and that helped"])


def test_a_proposal_that_a_person_merges(tmp_path: Path) -> None:
    with shop(tmp_path, {"policy": {"trust": {"prod": "propose"}}}) as world:
        bad_release(world)
        live(world)

        assert body(world).splitlines()[6] == snapshot(
            "**Roll back checkout in prod from 2.8.0 to 2.7.0.** Merges by itself: no, because trust in prod goes no further than propose."
        )
        assert comments(world, 1, "1")[:2] == snapshot(
            [
                """\
**Waiting for a person.** Since 02:42 UTC. `checkout` in `prod` goes from `2.8.0` back to `2.7.0` once this is merged.

Last seen: pull request 1 is open

- branch rollbot/prod/checkout/2.8.0-to-2.7.0-…
- commit …

```text
/rollback approve
```

`/rollback cancel` or closing this pull request stops it; so does a file `.rollbot/stop` on the branch.\
""",
                """\
**Waiting for a person.** Since 02:42 UTC. `checkout` in `prod` goes from `2.8.0` back to `2.7.0` once this is merged.

Last seen: waiting for a person to merge or close the pull request

```text
/rollback approve
```

`/rollback cancel` or closing this pull request stops it; so does a file `.rollbot/stop` on the branch.\
""",
            ]
        )


def test_a_proposal_that_a_person_closes(tmp_path: Path) -> None:
    with shop(tmp_path, {"policy": {"trust": {"prod": "propose"}}}) as world:
        bad_release(world)
        world.pass_time(300)
        world.origin.delete(proposal(world))
        world.settle(3600)

        assert comments(world, 1, "1")[-1] == snapshot("""\
**Closed by a person: it is not proposed again by the next alert.** Since 02:45 UTC. Why: a person did not want the rollback.

Last seen: pull request 1 was closed\
""")
        assert (comments(world, 1, "end"), comments(world, 231, "culprit:1"), marks(world)) == ([], [], [])


def test_a_rollback_that_did_not_help(tmp_path: Path) -> None:
    config = {
        "policy": {"trust": {"prod": "merge"}, "undo_alone": True, "cooldown": "0s"},
        "attribution": {"window": "1h"},
    }
    with shop(tmp_path, config, {"checkout/prod": {"bad_lines": {"POOL_SIZE=1\n": 0.5}}}) as world:
        files = {"apps/checkout/overlays/prod/kustomization.yaml": {"POOL_SIZE=40": "POOL_SIZE=1"}}
        world.push(ToldCommit(world.clock.now(), ADA, "Save connections (#230)\n", replace=files))
        world.release("checkout", "2.7.1", message="chore(deps): update checkout to 2.7.1 (#231)\n")
        live(world)

        assert body(world, lambda branch: branch.endswith("-undo")) == snapshot("""\
Undo rollback of checkout: 2.7.0 → 2.7.1 (prod)
rollback, env:prod, service:checkout
ada, shop/checkout

<!-- rollbot:undo:… -->

**Undo the rollback of checkout in prod to 2.7.0.** Merges by itself: yes, because trust in prod is merge and nothing speaks against it.

### Why

- The rollback arrived and did not help: the alert went on as before.

### What changes

- Every byte that the rollback changed is as it was before, and its quarantine is lifted.

```diff
--- a/apps/checkout/overlays/prod/kustomization.yaml
+++ b/apps/checkout/overlays/prod/kustomization.yaml
@@ -13,4 +13,4 @@
       - PAYMENTS_TIMEOUT=6s
 images:
   - name: registry.shop.example/checkout
-    newTag: "2.7.0"  # rollbot held until 2026-03-26: {"$imagepolicy": "flux-system:checkout:tag"}
+    newTag: "2.7.1"  # {"$imagepolicy": "flux-system:checkout:tag"}
--- a/.rollbot/quarantine/prod-checkout-2.7.1-….yaml
+++ /dev/null
@@ -1,13 +0,0 @@
-# Kept out by Rollbot until it expires or a person lifts it.
-environment: "prod"
-service: "checkout"
-version: "2.7.1"
-release: "…"
-commit: "…"
-reason: "HighErrorRate: checkout fails more than 5 % of its requests"
-owner: "rollbot"
-incident: "prod-checkout-…"
-since: "2026-03-12T02:42:30Z"
-expires: "2026-03-26T02:42:30Z"
-places:
-  - ["apps/checkout/overlays/prod/kustomization.yaml", "images[name=registry.shop.example/checkout].newTag", "registry.shop.example/checkout", "2.7.1"]
```

### What happens next

- Rollbot waits until the cluster has applied it; where an alert still fires, the next suspect follows.

### Stop

As a comment here:

```text
/rollback cancel
```

- `/rollback approve`: merge it, as it stands now
- `/rollback cancel`, or close this pull request: do not; it is not proposed again by the next alert
- `.rollbot/stop`: a file of that name on the branch stops everything
""")
        assert comments(world, 1, "1")[-1] == snapshot("""\
**Taken back.** Since 02:45 UTC. Every byte is as it was before, in #2.

Last seen: no help

- it fires 90 s after the rollback arrived, longer than it looks back \\(75 s\\)
- 6 samples since then\
""")
        assert comments(world, 2, "2")[-1] == snapshot("""\
**Undone.** Since 02:47 UTC. The next suspect is `…`, in #3.

Last seen: the rollback that did not help is undone\
""")
        assert comments(world, 231, "culprit:1") == snapshot(
            [
                """\
**`checkout` in `prod` was rolled back from `2.7.1`, which this pull request released, to `2.7.0`.** Whether that helps is being watched.

Done in #1.

### Why this one

- `HighErrorRate` since 2026-03-12 02:42 UTC: checkout fails more than 5 % of its requests
- the cluster ran it when the symptom began

### How to land it again

- Fix it and release a new version: that is not held back.
- The same change is kept out until 2026-03-26 02:42 UTC (`.rollbot/quarantine/`); a pull request that brings it back is named by `rollbot guard`.
- Not to blame after all? `/rollback allow 2.7.1` lets it back; `/rollback why` tells all the evidence.\
""",
                """\
**`checkout` in `prod` was rolled back from `2.7.1`, which this pull request released, to `2.7.0`.** It did not help and is being taken back.

Done in #1.

### Why this one

- `HighErrorRate` since 2026-03-12 02:42 UTC: checkout fails more than 5 % of its requests
- the cluster ran it when the symptom began

### How to land it again

- Fix it and release a new version: that is not held back.
- The same change is kept out until 2026-03-26 02:42 UTC (`.rollbot/quarantine/`); a pull request that brings it back is named by `rollbot guard`.
- Not to blame after all? `/rollback allow 2.7.1` lets it back; `/rollback why` tells all the evidence.\
""",
                """\
**The rollback of `2.7.1` (`checkout` in `prod`) was taken back: it runs again.**

The rollback did not help, so this release was not it.

Its quarantine is lifted; there is nothing to do here. The rollback was #1.\
""",
            ]
        )
        assert comments(world, 1, "no-help:1") == snapshot(
            [
                """\
**prod/checkout: the rollback of 2.7.1 did not help**

- it fires 90 s after the rollback arrived, longer than it looks back \\(75 s\\)
- 6 samples since then\
"""
            ]
        )
        assert marks(world) == snapshot(
            [
                "rollbot/prod/checkout success: the rollback of 2.7.1 was taken back: it did not help",
                "rollbot/prod/checkout failure: rolled back in prod to …, and that helped",
            ]
        )
