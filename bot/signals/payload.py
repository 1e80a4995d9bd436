"""What strangers' JSON is read with: models that ignore what they do not know; texts, times and addresses cut to what we take."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import from_json

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.signal import Alert, Status

MOST_LABELS = 128
LONGEST_NAME = 256
LONGEST_LABEL = 1024
LONGEST_ANNOTATION = 4096
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Part(BaseModel):
    """A part of a payload: what it does not name may be anything, numbers may stand for texts."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


Model = TypeVar("Model", bound=BaseModel)


def _scalar(value: Any) -> Any:
    """A text cut to size; truths are written as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value[:LONGEST_ANNOTATION] if isinstance(value, str) else value


def _texts(value: Any) -> Any:
    """A label without a value is no label, as in Prometheus; a sender's null means the same as left out."""
    if value is None:
        return {}
    return {key: text for key, text in value.items() if text is not None} if isinstance(value, dict) else value


Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else _scalar(value))]
"""Never longer than an annotation; null is nothing."""

Texts = Annotated[dict[str, Text], BeforeValidator(_texts)]


def read(model: type[Model], body: bytes, what: str) -> Model:
    """Read a body as `model`. Raises Refused for what is none, saying where it differs: `not {what}: where: why`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Refused(f"not {what}: {first_problem(error)}") from error


def tree(body: bytes, what: str) -> dict[str, Any]:
    """Read a body as any JSON object. Raises Refused for what is none, or an empty one."""
    try:
        found = from_json(body)
    except ValueError as error:
        raise Refused(f"not {what}: body: Invalid JSON: {error}") from error
    if not isinstance(found, dict) or not found:
        raise Refused(f"not {what}: body: expected an object with something in it")
    return found


def first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}"


def clean(text: str, longest: int = LONGEST_LABEL) -> str:
    """Cap a stranger's text and drop what no database or page takes (NUL and its like)."""
    return _CONTROL.sub("", text)[:longest]


def capped(texts: Mapping[str, str], longest: int = LONGEST_LABEL) -> dict[str, str]:
    """Some of the texts, each cleaned; none that is empty by then."""
    some = list(texts.items())[:MOST_LABELS]
    return {clean(name, LONGEST_NAME): clean(text, longest) for name, text in some}


def instant(time: datetime | None) -> Instant | None:
    """Go writes its zero time, 0001-01-01, for a time that is not set."""
    if time is None or time.year < 1970:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def url(text: str | None) -> str | None:
    shown = clean(text or "", LONGEST_ANNOTATION)
    return shown if shown.startswith(("http://", "https://")) else None


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def event(
    source: str,
    name: str,
    *,
    firing: bool,
    about: tuple[str, ...],
    at: Instant | None,
    received_at: Instant,
    which: tuple[str, ...] = (),
    labels: Mapping[str, str | None] | None = None,
    severity: str = "",
    summary: str = "",
    link: str | None = None,
    never: str = "",
) -> Alert:
    """Make an alert of something that a system tells when it happens.

    `about` names what it happened to, whatever the time, and `which` this occurrence of it (a revision, a cycle); where that is left
    out of a resolution, it is over for all of `about`. `at` is the sender's own time, None where it says none.
    """
    status = Status.FIRING if firing else Status.RESOLVED
    fingerprint = digest(source, *about)
    instance = f"{source}:{digest(fingerprint, *which)[:32]}" if firing or which else ""
    when = received_at if at is None else min(at, received_at)
    return Alert(
        source=source,
        key=f"{source}:{digest(fingerprint, *which, status, repr(at))[:32]}",
        name=clean(name, LONGEST_NAME),
        status=status,
        labels=capped({label: text for label, text in (labels or {}).items() if text}),
        annotations=capped({"summary": summary} if summary else {}, LONGEST_ANNOTATION),
        severity=clean(severity.strip().lower()),
        started_at=when,
        ended_at=None if firing else when,
        fingerprint=fingerprint[:32],
        generator_url=url(link),
        received_at=received_at,
        instance=instance,
        never=never,
    )
