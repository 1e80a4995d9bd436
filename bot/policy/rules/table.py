"""RULES: every rule, in the order in which its objection is told."""

from __future__ import annotations

from collections.abc import Callable

from bot.objections import Objection
from bot.policy.case import Case
from bot.policy.rules.budget import changed_already
from bot.policy.rules.caps import capped
from bot.policy.rules.confirmed import unconfirmed
from bot.policy.rules.cooldown import cooling_down
from bot.policy.rules.far import far_target
from bot.policy.rules.frozen import frozen
from bot.policy.rules.held import held
from bot.policy.rules.live import live_unknown
from bot.policy.rules.maintenance import maintained
from bot.policy.rules.old import old_suspect
from bot.policy.rules.once import rolled_back_before
from bot.policy.rules.person import person_at_work
from bot.policy.rules.protected import protected
from bot.policy.rules.quarantined import quarantined_target
from bot.policy.rules.rollback import is_rollback
from bot.policy.rules.security import mends_a_hole
from bot.policy.rules.shared import shared_with
from bot.policy.rules.stale import stale_target
from bot.policy.rules.undo import undo_needs_person
from bot.policy.rules.unsure import unsure

RULES: tuple[Callable[[Case], Objection | None], ...] = (
    held,
    maintained,
    rolled_back_before,
    is_rollback,
    quarantined_target,
    cooling_down,
    frozen,
    protected,
    unconfirmed,
    live_unknown,
    old_suspect,
    unsure,
    far_target,
    stale_target,
    person_at_work,
    mends_a_hole,
    shared_with,
    changed_already,
    capped,
    undo_needs_person,
)


def objections(case: Case) -> tuple[Objection, ...]:
    return tuple(why for rule in RULES if (why := rule(case)))
