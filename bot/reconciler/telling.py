"""What a step has to tell people: notices, and a comment on its pull request. Keys make each of them one, however often told."""

from __future__ import annotations

from bot.ports import Ports
from bot.reconciler.step import Step
from bot.records.report import comment


def tell(step: Step, ports: Ports) -> None:
    for notice in step.notices:
        ports.notifier.notify(notice)
        ports.store.told(notice)
    incident = step.incident
    if not (step.comment and incident.actions and incident.actions[-1].branch):
        return
    action = incident.actions[-1]
    if action.pull is not None and (pull := ports.forge.find(action.branch)):
        ports.forge.comment(pull.number, f"{incident.id}:{len(incident.actions)}", comment(incident, step.notes))
