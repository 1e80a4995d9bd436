"""The bots that can be told which versions to leave out: one row each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.manifests.exclusions import flux, image_updater, kargo, renovate
from bot.manifests.exclusions.exclusion import MADE, MARK, Bot, Exclusion, Unwritable

LARGEST = 1 << 20
"""Bytes of a file that is looked at; settings of a bot are far smaller."""


@dataclass(frozen=True, slots=True)
class Row:
    """`reads` says by path and bytes, cheaply, whether a file may be one of the bot's."""

    bot: Bot
    reads: Callable[[str, bytes], bool]


def _yaml(*words: bytes) -> Callable[[str, bytes], bool]:
    return lambda path, text: path.endswith((".yaml", ".yml")) and any(word in text for word in words)


EXCLUSIONS: Mapping[str, Row] = {
    "flux": Row(flux, _yaml(b"ImageRepository")),
    "image-updater": Row(image_updater, _yaml(b"argocd-image-updater")),
    "renovate": Row(renovate, lambda path, text: path in renovate.FILES),
    "kargo": Row(kargo, _yaml(b"Warehouse")),
}


def excluded(path: str, file: bytes, wanted: Collection[Exclusion]) -> bytes:
    """Return the file with exactly `wanted` kept out of what its bot chooses, as far as it speaks of their images.

    All else stays as it is, and with nothing wanted the file is what it was before. Raises Unwritable where that cannot be had.
    """
    rows = [row for row in EXCLUSIONS.values() if len(file) <= LARGEST and row.reads(path, file)]
    if not rows or not (wanted or MARK.encode() in file or MADE.encode() in file):
        return file
    try:
        text = file.decode()
    except UnicodeDecodeError as error:
        raise Unwritable("it is no UTF-8") from error
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    for row in rows:
        text = row.bot.bare(text)
    for row in rows:
        made = row.bot.add(text, wanted)
        if row.bot.bare(made) != text:
            raise Unwritable("what would be added could not be taken out again")
        text = made
    return (mark + text).encode()
