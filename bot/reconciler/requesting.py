"""`/rollback`: whom it means, whether that person may, and the request that carries it out."""

from __future__ import annotations

from bot.changes.markdown import code
from bot.errors import Refused
from bot.incidents.incident import Incident
from bot.incidents.lifecycle import State
from bot.plans.plan import Plan, Unplanned
from bot.ports import Ports
from bot.reconciler.asking import Answer, ask, asked_already, wanted
from bot.reconciler.deeds import COMMENT
from bot.reconciler.permitting import outside
from bot.reconciler.reaching import reached
from bot.reconciler.rehearsal import rehearse
from bot.reconciler.saving import save
from bot.reconciler.step import Step, reasons
from bot.reconciler.subjects import Unclear, carriers, discussed, released_by, rollback_at, service_of
from bot.reconciler.talking import Reply, lead, named, remember, same
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.records.replies import answer, going, joined_in, reaction
from bot.refs import ServiceRef
from bot.signals.signal import Asked, Command, Reaction
from bot.signals.spoken import RollBack


def roll_back(command: Command, spoken: RollBack, view: View, ports: Ports) -> Reply:
    """Open the incident that does it, or say why not. Its pull request comes a step later, and is told in the same comment."""
    request = _request(command, spoken, view, ports)
    if isinstance(request, Unclear):
        return Reply(Reaction.UNCLEAR, answer("Nothing is done.", [request.why], request.commands))
    known = next((each for each in ports.store.incidents(ports.repository.name) if each.request and each.request.key == request.key), None)
    if known is not None:  # told of before: a redelivery, or killed before it was answered
        return Reply(reaction(known), going(known))
    plan = wanted(request, view.state)
    if isinstance(plan, Unplanned):
        return _unplanned(Answer(None, plan.objections, plan.choices))
    if spoken.dry_run:
        return _rehearsed(request, plan, ports)
    if ports.conversation is None:
        raise Refused("this forge has no issues and comments")
    if why := outside(command.actor, reached(plan, view.state), view.config.people, ports.conversation):
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [why]))
    if (current := asked_already(request, ports)) is not None:
        return _joined(command, request, current, ports)
    remember(command, request, ports)
    found = ask(request, ports, view)
    if found.incident is None:
        return _unplanned(found)
    return Reply(Reaction.SEEN, going(found.incident))


def _joined(command: Command, request: Asked, current: Incident, ports: Ports) -> Reply:
    """Who asks for what is under way is shown to it; whoever asked first goes on being told, and his reason stays. Raises Stale."""
    lead(command, current, ports)
    if all(entry.facts.get(COMMENT) != request.key for entry in ports.store.entries(current.id)):
        because = (request.reason,) if request.reason else ()
        note = Note(Stage.SIGNAL, f"{request.actor} asks for the same", because, {COMMENT: request.key, "actor": request.actor})
        save(Step(current, (note,), current.due), ports)
    return Reply(Reaction.DONE, joined_in(current))


def _request(command: Command, spoken: RollBack, view: View, ports: Ports) -> Asked | Unclear:
    asked = Asked(named(command), command.actor, command.at, to=spoken.to, mode=spoken.mode, reason=spoken.reason)
    if spoken.service is not None:
        ref = service_of(spoken.service, spoken.environment, "", view)
        return ref if isinstance(ref, Unclear) else _of(asked, ref)
    if (ours := rollback_at(command, ports)) is not None:
        way = "/rollback undo" if any(action.commit for action in ours.actions) else "/rollback cancel"
        return Unclear("this pull request is a rollback itself, and a rollback is not rolled back by another", (way,))
    commit = released_by(command, discussed(command, ports), ports)
    if isinstance(commit, Unclear):
        return commit
    if not same(command.thread.repository, ports):
        return _running(asked, spoken, carriers(commit, view), commit)
    if spoken.to is None and spoken.environment is None:
        return _with(asked, commit=commit)
    return Unclear("with a version or an environment it needs a service too", (_filled(spoken, "SERVICE", "ENVIRONMENT"),))


def _running(asked: Asked, spoken: RollBack, found: tuple[ServiceRef, ...], commit: str) -> Asked | Unclear:
    """On an application's pull request: the one service that runs its image, else a choice of them."""
    here = [ref for ref in found if spoken.environment in (None, ref.environment, ref.cluster)]
    if len(here) == 1:
        return _of(asked, here[0])
    if here:
        commands = tuple(_filled(spoken, ref.name, ref.cluster or ref.environment) for ref in here)
        return Unclear("several services run an image of this commit", commands)
    return Unclear(f"no service runs an image whose tag carries {commit[:7]} now: name it", (_filled(spoken, "SERVICE", "ENVIRONMENT"),))


def _of(asked: Asked, ref: ServiceRef) -> Asked:
    return _with(asked, service=ref.name, environment=ref.cluster or ref.environment)


def _with(asked: Asked, **what: str) -> Asked:
    return Asked(asked.key, asked.actor, asked.at, to=asked.to, mode=asked.mode, reason=asked.reason, **what)  # type: ignore[arg-type]


def _filled(spoken: RollBack, service: str, environment: str) -> str:
    to = f" to {spoken.to}" if spoken.to else ""
    return f"/rollback {service}{to} in {spoken.environment or environment}"


def _unplanned(found: Answer) -> Reply:
    choices = [f"there is: {choice}" for choice in found.choices[:10]]
    return Reply(Reaction.REFUSED, answer("Nothing is done.", [*(str(each) for each in found.objections), *choices]))


def _rehearsed(request: Asked, plan: Plan, ports: Ports) -> Reply:
    found = rehearse(request, ports)
    if found.incident is None:
        return _unplanned(found)
    ended = found.incident.state is State.ENDED
    edits = [f"{edit.path}:{edit.line} {edit.yaml_path}: {edit.before} → {edit.after}" for edit in plan.moves]
    lines = [f"{each.path}: +{each.added} −{each.removed} lines that came along" for each in plan.merged]
    version, to = code(plan.undone_version), code(plan.target.version) if plan.target else "what was before"
    first = (
        f"It would not be done: {code(found.incident.why)}" if ended else f"It would go from {version} back to {to}. Nothing is written."
    )
    return Reply(Reaction.REFUSED if ended else Reaction.DONE, answer(first, [*edits, *lines, *reasons(plan.objections)]))
