"""A place's earlier values × what was asked for → the target, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from bot.manifests.pin import Pin
from bot.objections import Objection, Weight
from bot.plans.plan import Target, Unplanned
from bot.plans.timeline import Held


def no(code: str, why: str, choices: Sequence[str] = ()) -> Unplanned:
    return Unplanned((Objection(code, why, Weight.FORBIDS),), tuple(choices))


def chosen(pin: Pin, segments: Sequence[Held], options: Sequence[tuple[Target, Held]], to: str | None) -> tuple[Target, Held] | Unplanned:
    known = [f"{target.version} ({target.why})" for target, _ in options]
    if to is None:
        return options[0] if options else no("no-earlier-version", f"the history knows no earlier version of {pin.path} {pin.yaml_path}")
    if pin.value == to:
        return no("already-there", f"{pin.path} {pin.yaml_path} already holds {to}")
    for match in (_is_version, _is_tag, _is_commit):
        fits = [option for option in options if match(option, to)]
        if fits:
            return fits[0]
    if any(segment.value == to for segment in segments):
        return no("quarantined-target", f"{to} is quarantined; lift it first, or choose another", known)
    return no("unknown-version", f"{pin.path} {pin.yaml_path} never held {to}", known)


def never_held(answer: Unplanned) -> bool:
    return any(objection.code == "unknown-version" for objection in answer.objections)


def _is_version(option: tuple[Target, Held], to: str) -> bool:
    return option[1].value == to


def _is_tag(option: tuple[Target, Held], to: str) -> bool:
    return option[1].value.split("@", 1)[0] == to


def _is_commit(option: tuple[Target, Held], to: str) -> bool:
    return len(to) >= 7 and option[1].commit.startswith(to)
