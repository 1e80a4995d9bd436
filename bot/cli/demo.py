"""`rollbot demo`: a world is made, a bad release breaks it, and Rollbot heals it before your eyes."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import threading

    from bot.cli.timeline import Line, Screen, TimeLine
    from bot.world.lived import LivedWorld

SERVICE, ENVIRONMENT, GOOD, BAD = "checkout", "prod", "2.7.0", "2.8.0"
OURS = ".rollbot/"
LONGEST = 2 * 3600.0
"""Of the world's time: an incident that has not ended by then has failed."""

Keep = Annotated[
    Path | None, typer.Option("--keep", metavar="FOLDER", help="Leave the world here: its Git repository, mirror and database.")
]
Serve = Annotated[bool, typer.Option("--serve", help="Leave the web page up afterwards.")]
Port = Annotated[int, typer.Option(help="Where the web page is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def demo(serve: Serve = False, keep: Keep = None, port: Port = 8080, as_json: AsJson = False) -> None:
    """Show the whole loop on this machine: a bad release is found, rolled back, and the service recovers. No account, no network.

    \b
    Examples:
      rollbot demo
      rollbot demo --serve --port 8080
      rollbot demo --keep /tmp/shop --json
    """
    from bot.cli.timeline import Screen, TimeLine
    from bot.world import story
    from bot.world.lived import LivedWorld

    began = time.monotonic()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rollbot-demo-")))
        world = stack.enter_context(LivedWorld(story.load(story.SHOP), _empty(folder)))
        screen = Screen(quiet=as_json)
        _opening(world, screen)
        lines = _watch(world, TimeLine(world, SERVICE, ENVIRONMENT), screen)
        healed = _healed(world)
        if as_json:
            _print_json(world, lines, healed, time.monotonic() - began)
        else:
            _closing(world, screen, healed, time.monotonic() - began, keep)
        if serve:
            _serve(world, screen, port)
    raise typer.Exit(0 if healed else 1)


def _empty(folder: Path) -> Path:
    from bot.errors import BadConfig

    if folder.exists() and any(folder.iterdir()):
        raise BadConfig(f"{folder} is not empty", hint="name a new folder for --keep")
    return folder


def _opening(world: LivedWorld, screen: Screen) -> None:
    from bot.cli.timeline import Tone
    from bot.reconciler.look import look
    from bot.refs import ServiceRef
    from bot.releases.history import history

    screen.say("A web shop: five services in two environments, kept in Git, bumped by three bots.", Tone.BOLD)
    screen.say("All of it is on this machine. Its Git repository is real; its clock is not: minutes pass in moments.")
    screen.say()
    running = [s for s in world.story.services if s.environment == ENVIRONMENT]
    screen.say(f"{ENVIRONMENT} runs  " + "  ".join(f"{s.name} {world.deployed(s.name)}" for s in running))
    screen.say()
    ports = world.ports()
    ports.repository.fetch()
    state = look(ports.repository, ports.cache, world.config().manifests)
    screen.say(f"Releases of {SERVICE} in {ENVIRONMENT}, newest first:")
    from bot.cli.printing import when

    for release in history(ServiceRef(ports.repository.name, ENVIRONMENT, SERVICE), state).releases[:5]:
        screen.say(f"  {when(release.time)}  {release.commit[:8]}  {release.version:<8}  {release.subject}  ({release.author})")
    screen.say()


def _watch(world: LivedWorld, timeline: TimeLine, screen: Screen) -> list[Line]:
    """Break it, and let time pass until the incident has ended."""
    from bot.cli.timeline import Tone

    world.pass_time(60)
    world.release(SERVICE, BAD, ENVIRONMENT)
    lines: list[Line] = []
    end, merged = world.clock.now() + LONGEST, False
    while world.clock.now() < end:
        for line in timeline.news():
            lines.append(line)
            screen.show(line)
        incident = world.incident()
        commit = next((action.commit for action in incident.actions if action.commit), None) if incident else None
        if commit and not merged:
            merged = True
            screen.diff(world.origin.diff_of(commit, but=OURS))
            for path in world.origin.touched(commit):
                if path.startswith(OURS):
                    screen.say(f"{'':11}and {path}, which keeps {BAD} out", Tone.DIM)
        if incident and incident.end:
            break
        world.pass_time(15)
    return lines


def _healed(world: LivedWorld) -> bool:
    from bot.incidents.lifecycle import End

    incident = world.incident()
    ended_well = incident is not None and incident.end is End.RECOVERED
    return ended_well and world.deployed(SERVICE, ENVIRONMENT) == GOOD and world.healthy(SERVICE, ENVIRONMENT)


def _closing(world: LivedWorld, screen: Screen, healed: bool, took: float, keep: Path | None) -> None:
    from bot.cli.timeline import Tone
    from bot.records.report import report
    from bot.records.times import times

    incident = world.incident()
    screen.say()
    if incident is None:
        screen.say("No incident was opened: the alert never reached Rollbot.", Tone.BAD)
        return
    screen.say(f"The record (rollbot explain {incident.id}):", Tone.BOLD)
    for line in report(incident, world.record()).splitlines():
        screen.say(f"  {line}")
    screen.say()
    found = times(incident)
    version, share = world.deployed(SERVICE, ENVIRONMENT), world.failing(SERVICE, ENVIRONMENT)
    screen.say(f"{SERVICE} in {ENVIRONMENT} runs {version} and fails {share:.1%} of its requests.", Tone.GOOD if healed else Tone.BAD)
    parts = (("detected", found.detect), ("merged", found.merge), ("arrived", found.arrive), ("recovered", found.recover))
    told = ", ".join(f"{what} after {_minutes(value)}" for what, value in parts if value is not None)
    screen.say(f"Since the symptom began: {told}.")
    screen.say(f"Shown in {took:.1f} s." + (f" The world is in {keep}: git -C {world.origin.folder} log -p" if keep else ""))


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _serve(world: LivedWorld, screen: Screen, port: int) -> None:
    """Leave the web page up; from here on the world's clock goes as the wall's."""
    import threading

    import uvicorn

    from bot import settings
    from bot.web.app import create_app

    ports = world.ports()
    app = create_app(settings.load(None, repo_url=str(world.origin.folder)), {ports.repository.name: ports})
    stop = threading.Event()
    world.clock.follow()
    living = threading.Thread(target=_live, args=(world, stop), name="world", daemon=True)
    living.start()
    screen.say(f"http://127.0.0.1:{port}/  shows it, until Ctrl-C.")
    try:
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
    finally:
        stop.set()
        living.join()


def _live(world: LivedWorld, stop: threading.Event) -> None:
    while not stop.wait(1.0):
        world.step()


def _print_json(world: LivedWorld, lines: list[Line], healed: bool, took: float) -> None:
    from dataclasses import asdict

    from bot.cli.printing import as_json, iso
    from bot.records.times import times

    incident = world.incident()
    actions = incident.actions if incident else ()
    commit = next((action.commit for action in actions if action.commit), None)
    answer: dict[str, Any] = {
        "healed": healed,
        "service": SERVICE,
        "environment": ENVIRONMENT,
        "deployed": world.deployed(SERVICE, ENVIRONMENT),
        "incident": incident.id if incident else None,
        "end": incident.end if incident else None,
        "commit": commit,
        "diff": world.origin.diff_of(commit, but=OURS) if commit else None,
        "times": asdict(times(incident)) if incident else None,
        "took": round(took, 2),
        "timeline": [{"at": iso(line.at), "who": line.who, "what": line.text, "because": list(line.more)} for line in lines],
    }
    as_json(answer)
