"""The command line: its verbs, and how what went wrong becomes a sentence and an exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import typer

from bot.cli import app as github_app
from bot.cli import backtest, check, demo, doctor, explain, guard, history, notify, plan, rollback, scan, schema, scorecard, serve
from bot.errors import BadConfig, Refused, RollbotError, Unavailable

DONE, REFUSED, USAGE, UNAVAILABLE = 0, 1, 2, 3

app = typer.Typer(
    name="rollbot",
    help="Rolls bad releases back in Git, by itself, and rightly.\n\n"
    "Exit codes: 0 done, 1 refused or nothing to do (with the reason), 2 usage or bad configuration, 3 the outside world is unavailable.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS: tuple[Callable[..., None], ...] = (
    demo.demo,
    serve.serve,
    serve.worker,
    scan.scan,
    history.history,
    plan.plan,
    rollback.rollback,
    explain.explain,
    backtest.backtest,
    scorecard.scorecard,
    check.check,
    doctor.doctor,
    notify.notify,
    guard.guard,
    schema.schema,
)
for verb in VERBS:
    app.command()(verb)
app.add_typer(github_app.app)


def main() -> None:
    """Run one verb; errors that a person can act on are one line on stderr, defects keep their traceback."""
    logging.getLogger("rollbot").addHandler(logging.NullHandler())  # a verb's answer says it; `serve` has a log
    try:
        app()
    except BrokenPipeError:  # `rollbot scan | head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except RollbotError as error:
        print(f"rollbot: {error}", file=sys.stderr)
        sys.exit(code(error))


def code(error: RollbotError) -> int:
    match error:
        case BadConfig():
            return USAGE
        case Unavailable():
            return UNAVAILABLE
        case Refused() | _:
            return REFUSED


if __name__ == "__main__":
    main()
