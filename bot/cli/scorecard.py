"""`rollbot scorecard`: what it would have done, and what people then did."""

from __future__ import annotations

import typer

from bot.cli.asking import AsJson, Env, Service
from bot.cli.printing import as_json, progress, say, table, when
from bot.cli.rollback import Repo


def scorecard(service: Service = None, env: Env = None, repo: Repo = None, json: AsJson = False) -> None:
    """Hold incidents that nothing was changed in (strategy `shadow`, trust `observe`) against what people did. It only reads.

    Exit 1 where nothing can be judged yet.

    \b
    Examples:
      rollbot scorecard
      rollbot scorecard checkout --env prod --json
    """
    from bot import settings, wiring
    from bot.cli.rollback import address_of
    from bot.reconciler.scoring import scorecard as scored
    from bot.web.rows import scorecard_row

    found = settings.load()
    with wiring.house(found, (address_of(repo, found),)) as house, progress("reading the repository"):
        [ports] = house.ports.values()
        card = scored(ports, service, env)
    if json:
        as_json(scorecard_row(card))
    else:
        rows = [
            (
                when(each.would.at),
                each.would.service,
                f"{each.would.version} → {each.would.to}" if each.would.release else "call a person",
                None if each.would.chance is None else f"{each.would.chance:.0%}",
                each.did,
                each.verdict,
            )
            for each in card.scores
        ]
        if rows:
            table(("when", "service", "would have", "probability", "people", "verdict"), rows)
        say(f"\n{card.said}" if rows else card.said)
    if not card.judged:
        raise typer.Exit(1)
