"""A comment on an application's repository × the manifests repositories that hear it → the one that answers; the others stay silent."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import Refused, Unavailable
from bot.ports import Ports
from bot.reconciler.subjects import Unclear, carriers, discussed, released_by
from bot.reconciler.talking import asked_in, named, same
from bot.reconciler.view import look_around
from bot.signals.signal import Command
from bot.signals.spoken import Misspoken, RollBack, Spoken


def elected(command: Command, spoken: Spoken | Misspoken, ports: Ports, houses: Mapping[str, Ports]) -> bool | Unclear:
    """Whether this manifests repository answers: the one that knows what is meant, or the first of them where none does.

    Of several that know it the first says so, and none acts. Once decided it stays so. Raises Unavailable where it cannot be told yet.
    """
    hearing = {name: each for name, each in sorted(houses.items()) if each.conversation is not None}
    if len(hearing) < 2 or any(same(command.thread.repository, each) for each in hearing.values()):
        return True
    place = f"answers:{named(command)}"
    kept = ports.store.kept(place)
    knowing = kept.decode().split("\n") if kept else _knowing(command, spoken, hearing)
    if kept is None:
        ports.store.keep(place, "\n".join(knowing).encode())
    if ports.repository.name != knowing[0]:
        return False
    if len(knowing) == 1:
        return True
    return Unclear(f"several manifests repositories know it ({', '.join(knowing)}): say it on an issue of the one that is meant")


def _knowing(command: Command, spoken: Spoken | Misspoken, hearing: Mapping[str, Ports]) -> list[str]:
    found, away = [], None
    for name, each in hearing.items():
        try:
            if _knows(command, spoken, each):
                found.append(name)
        except Unavailable as error:
            away = error
    if not found and away is not None:
        raise away
    return found or [next(iter(hearing))]


def _knows(command: Command, spoken: Spoken | Misspoken, ports: Ports) -> bool:
    """Whether the service that is named, asked for in this thread or running this pull request's image is one of the repository's."""
    service, environment = getattr(spoken, "service", None), getattr(spoken, "environment", None)
    if isinstance(spoken, Misspoken):
        return False
    if service is None and asked_in(command.thread, ports):
        return True
    if service is None and not isinstance(spoken, RollBack):
        return False
    try:
        view = look_around(ports, fresh=False)
        if service is not None:
            return bool(view.state.estate.named(service, environment))
        commit = released_by(command, discussed(command, ports), ports)
    except Refused:
        return False
    return not isinstance(commit, Unclear) and bool(carriers(commit, view))
