"""What adapters and readers raise: the outside world failed (again later), or said no (do not), or we were configured wrongly."""

from __future__ import annotations


class RollbotError(Exception):
    """Base of all errors that a door may show to a person as they are. Texts never hold secrets."""


class Unavailable(RollbotError):
    """The outside world did not answer, or not now. Trying again later may help. CLI exit code 3."""


class Stale(Unavailable):
    """Somebody else saved the row, or moved the branch, that this was based on: read it again and take the step again."""


class Refused(RollbotError):
    """The outside world, or a rule of ours, said no. Trying again unchanged will not help. CLI exit code 1."""


class BadConfig(RollbotError):
    """Our configuration or a command's words are wrong. CLI exit code 2.

    `path` and `line` (1-based) say where, `hint` says what to write instead.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None, hint: str | None = None) -> None:
        where = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{where}: {message}" if where else message)
        self.message, self.path, self.line, self.hint = message, path, line, hint

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{text} ({self.hint})" if self.hint else text
