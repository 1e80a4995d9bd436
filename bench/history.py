"""History at scale: a generated repository, its index cold and warm, and an alert to its pushed commit, each beside Git's own floor.

Every figure of ours is a process of its own, doing what the command line or the server does; the floor is Git doing the least that
the same question needs, in the same run. Run: make bench-history   (smaller: python bench/history.py --commits 3000)
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from estate import Origin

FORMAT = "--format=%H%x00%P%x00%ct%x00%an%x00%ae%x00%B%x00"
CONFIG = b"version: 1\nalerts: {act_by_default: true, storm_services: 0}\n"  # each round is an outage of its own, minutes apart in life


def main() -> int:
    """Generate, measure each part in a process of its own, print the table and the RESULT line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=30_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        name, *words = given.part
        print(json.dumps(PARTS[name](*words) | {"rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder), given.commits, given.files)
    return 0


def measured(folder: Path, commits: int, files: int) -> None:
    origin = Origin(folder / "served" / "estate.git", files)
    said(f"generating {commits} commits of {files} files")
    origin.grow(commits)
    subprocess.run(["git", "commit-graph", "write", "--reachable"], cwd=origin.folder, check=True, capture_output=True)
    old = origin.head
    said("cold index")
    cold_floor, cold_blobs = floor(origin.folder, "main")
    cold = part("index", origin.folder, folder / "cache")
    said("warm index after 100 more commits")
    origin.grow(100)
    warm = part("index", origin.folder, folder / "cache", "3")
    pairs = [floor(origin.folder, f"{old}..main") for _ in range(3)]
    warm_floor, warm_blobs = statistics.median(seconds for seconds, _ in pairs), pairs[0][1]
    whole_floor, _ = floor(origin.folder, "main")
    said("scan of HEAD")
    scan = part("scan", origin.folder, folder / "cache")
    said("alert to pushed commit, over HTTP")
    push = part("push", origin, folder / "cache")
    rows = [
        ("cold index", cold["seconds"], cold_floor, f"{cold['read']} readings; floor: log + cat-file of {cold_blobs} blobs"),
        ("warm index, 100 commits", warm["seconds"], warm_floor, f"{warm['read']} readings; floor: log old..new + {warm_blobs} blobs"),
        ("  the same, whole log", warm["seconds"], whole_floor, "floor: log + cat-file of all blobs again"),
        ("alert to pushed commit", push["seconds"], push["floor"], "floor: fetch + fast-import + push of the ready commit"),
    ]
    print(f"{'':26}{'ours s':>9}{'floor s':>9}{'ratio':>8}")
    for name, ours, least, note in rows:
        print(f"{name:26}{ours:>9.3f}{least:>9.3f}{ours / least:>8.2f}   {note}")
    print(f"{'scan of HEAD':26}{scan['seconds']:>9.3f}   {scan['pins']} pins")
    rss = max(one["rss_mb"] for one in (cold, warm, scan, push))
    print(f"{'peak memory':26}{rss:>9.0f} MB   cold {cold['rss_mb']:.0f}, warm {warm['rss_mb']:.0f}, push {push['rss_mb']:.0f}")
    result = {
        "cold_ratio": round(cold["seconds"] / cold_floor, 2),
        "warm_ratio": round(warm["seconds"] / warm_floor, 2),
        "push_ratio": round(push["seconds"] / push["floor"], 2),
        "scan_s": round(scan["seconds"], 3),
        "rss_mb": round(rss),
    }
    print("RESULT " + json.dumps(result))


def floor(folder: Path, revisions: str) -> tuple[float, int]:
    """Seconds for `git log --raw` and `cat-file --batch` of every blob it names, all of it read; and how many blobs."""
    began = time.perf_counter()
    log = ["git", "log", "--raw", "-z", "-m", "--first-parent", "--no-renames", "--no-abbrev", FORMAT, revisions]
    text = subprocess.run(log, cwd=folder, capture_output=True, check=True).stdout
    blobs = dict.fromkeys(
        field.split(b" ")[3] for field in map(bytes.lstrip, text.split(b"\0")) if field.startswith(b":") and not field.endswith(b" D")
    )
    with subprocess.Popen(["git", "cat-file", "--batch", "--buffer"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as git:
        assert git.stdin and git.stdout
        feeder = os.fork()
        if feeder == 0:
            git.stdout.close()
            git.stdin.write(b"\n".join(blobs) + b"\n")
            git.stdin.close()
            os._exit(0)
        git.stdin.close()
        while git.stdout.read(1 << 20):
            pass
        os.waitpid(feeder, 0)
    return time.perf_counter() - began, len(blobs)


def part(name: str, *words: object) -> dict[str, Any]:
    """Run one part of ours in a process of its own."""
    given = [json.dumps(word.__dict__, default=str) if isinstance(word, Origin) else str(word) for word in words]
    if name == "push":
        assert isinstance(words[0], Origin)
        given = [str(words[0].folder), str(words[1])]
    command = [sys.executable, __file__, "--part", name, *given]
    return dict(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()[-1]))


def index_part(folder: str, cache: str, runs: str = "1") -> dict[str, Any]:
    """Index what is new, as a server does when it looks; a second and third run take a copy of the same cache."""
    from bot.adapters.git.repository import GitRepository
    from bot.adapters.pins import SqlitePinCache
    from bot.manifests.rules import ManifestRules
    from bot.reconciler.look import index

    times, read = [], 0
    for run in range(int(runs)):
        place = Path(cache)
        if int(runs) > 1:
            place = Path(f"{cache}-{run}")
            subprocess.run(["cp", "-r", cache, str(place)], check=True)
        with contextlib.ExitStack() as stack:
            began = time.perf_counter()
            repository = stack.enter_context(contextlib.closing(GitRepository(folder, "main", place)))
            pins = stack.enter_context(contextlib.closing(SqlitePinCache(place / "pins.sqlite")))
            read = index(repository, pins, ManifestRules()).read
            times.append(time.perf_counter() - began)
    return {"seconds": statistics.median(times), "read": read}


def scan_part(folder: str, cache: str) -> dict[str, Any]:
    """The command line's own door, its process included."""
    environment = os.environ | {"ROLLBOT_CACHE": cache, "ROLLBOT_DATABASE_URL": f"sqlite:///{cache}/scan.db"}
    began = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "bot.cli", "scan", "--repo", folder, "--json"], env=environment, stdout=subprocess.PIPE, check=True
    )
    return {"seconds": time.perf_counter() - began, "pins": len(json.loads(answer.stdout))}


def push_part(folder: str, cache: str, runs: int = 5) -> dict[str, Any]:
    """A server that has looked once; then, each time: a bad release, an alert, and the proposed commit on the remote.

    Nobody confirms the alert here, so it is proposed on a branch: the same fetch, commit and push that a merge begins with.
    """
    from bot.reconciler.intake import receive
    from bot.reconciler.work import work
    from bot.settings import load
    from bot.wiring import house
    from bot.world.http import serve_git

    served = Path(folder)
    subprocess.run(["git", "config", "http.receivepack", "true"], cwd=served, check=True)
    ours, least = [], []
    with serve_git(served.parent) as url:
        address = f"{url}/{served.name}"
        commit(served, {".rollbot.yaml": CONFIG}, "Let alerts act")
        settings = load(None, repo_url=address, cache=Path(cache), database_url=f"sqlite:///{cache}/state.db")
        with house(settings) as opened:
            (ports,) = opened.ports.values()
            for number, name in enumerate(f"service-{one:04}" for one in range(1, 100) if one % 5):
                if number > runs:
                    break
                path = f"apps/{name}/overlays/prod/kustomization.yaml"
                ports.repository.fetch()  # as the floor does before its clock starts: what the last round left is not this one's
                commit(served, {path: bumped(served, path)}, f"Bump {name}")
                known = proposals(served)
                payload = alert(name)
                began = time.perf_counter()
                receive("alertmanager", payload, ports)
                work(f"inbox:{ports.repository.name}", opened.ports)
                (key,) = (one.id for one in ports.store.incidents(ports.repository.name) if one.service.name == name)
                until(partial(moved, served, known), partial(work, key, opened.ports))
                took = time.perf_counter() - began
                (branch,) = proposals(served) - known
                assert b"9.9.9" not in blob(served, path, branch)
                if number:  # the first look fills the mirror and the cache
                    ours.append(took)
                    least.append(push_floor(served, address, Path(f"{cache}-floor"), path, number))
    return {"seconds": statistics.median(ours), "floor": statistics.median(least), "read": len(ours)}


def moved(served: Path, known: set[str]) -> bool:
    """Whether a branch was pushed: by its file, as a git process of the bench inside Rollbot's time would be no time of Rollbot's."""
    files = (file for file in (served / "refs" / "heads" / "rollbot").rglob("*") if file.is_file() and file.suffix != ".lock")
    return any(str(file.relative_to(served)) not in known for file in files)


def until(done: Callable[[], bool], step: Callable[[], object]) -> None:
    for _ in range(20):
        if done():
            return
        step()
    raise SystemExit("no commit was pushed")


def alert(service: str) -> bytes:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    labels = {"alertname": "HighErrorRate", "service": service, "environment": "prod", "severity": "critical"}
    firing = {
        "status": "firing",
        "labels": labels,
        "annotations": {},
        "startsAt": now,
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": service,
    }
    whole = {"version": "4", "groupKey": service, "status": "firing", "receiver": "rollbot", "truncatedAlerts": 0, "alerts": [firing]}
    return json.dumps(whole | {"groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}, "externalURL": ""}).encode()


def push_floor(served: Path, address: str, mirror: Path, path: str, number: int) -> float:
    """Seconds for Git alone: fetch one new commit, import the ready one on top, push it; the mirror was up to date before."""

    def run(*words: str, given: bytes | None = None) -> bytes:
        return subprocess.run(["git", *words], cwd=mirror, check=True, capture_output=True, input=given).stdout

    if not mirror.exists():
        subprocess.run(["git", "clone", "--quiet", "--mirror", address, str(mirror)], check=True)
    run("fetch", "--quiet", "origin")
    commit(served, {path: bumped(served, path)}, "Bump it again")
    ready = bumped(served, path, "9.9.8")
    began = time.perf_counter()
    run("fetch", "--quiet", "--prune", "origin")
    run(
        "fast-import",
        "--quiet",
        given=record(run("rev-parse", "refs/heads/main").decode().strip(), {path: ready}, "Roll back", f"refs/heads/floor{number}"),
    )
    run("-c", "remote.origin.mirror=false", "push", "--quiet", "origin", f"refs/heads/floor{number}")
    return time.perf_counter() - began


def record(parent: str, files: dict[str, bytes], message: str, ref: str = "refs/heads/main") -> bytes:
    out = [
        f"commit {ref}\ncommitter ann <ann@example.org> {int(time.time())} +0000\ndata {len(message)}\n{message}\nfrom {parent}\n".encode()
    ]
    out += [b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text) for path, text in files.items()]
    return b"".join(out)


def commit(served: Path, files: dict[str, bytes], message: str) -> None:
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=served, input=record(head(served), files, message), check=True)


def head(served: Path) -> str:
    return subprocess.run(["git", "rev-parse", "refs/heads/main"], cwd=served, capture_output=True, check=True, text=True).stdout.strip()


def proposals(served: Path) -> set[str]:
    names = ["git", "for-each-ref", "--format=%(refname)", "refs/heads/rollbot/"]
    return set(subprocess.run(names, cwd=served, capture_output=True, check=True, text=True).stdout.split())


def blob(served: Path, path: str, ref: str = "refs/heads/main") -> bytes:
    return subprocess.run(["git", "show", f"{ref}:{path}"], cwd=served, capture_output=True, check=True).stdout


def bumped(served: Path, path: str, version: str = "9.9.9") -> bytes:
    lines = blob(served, path).split(b"\n")
    return b"\n".join(b"    newTag: %s  #" % version.encode() + line.split(b"#", 1)[1] if b"newTag:" in line else line for line in lines)


def said(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


PARTS: dict[str, Callable[..., dict[str, Any]]] = {"index": index_part, "scan": scan_part, "push": push_part}

if __name__ == "__main__":
    sys.exit(main())
