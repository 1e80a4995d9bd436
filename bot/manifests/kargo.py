"""Kargo's Warehouses and Freight → what a warehouse may take, and what a piece of freight holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.manifests.fields import chart_name, fixed_pin, under
from bot.manifests.pin import Pin, PinKind
from bot.manifests.walk import Level, entries, objects

FORMAT = "kargo"


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of every Warehouse and Freight in the file."""
    if b"kargo.akuity.io/" not in file:
        return
    for found in objects(file, path):
        top = Level(found, found.root)
        if not found.api_version.startswith("kargo.akuity.io/"):
            continue
        if found.kind == "Freight":
            yield from _freight(top)
        elif found.kind == "Warehouse" and (spec := under(top, "spec")) is not None:
            for subscription in entries(spec, "subscriptions"):
                yield from _subscription(subscription)


def _freight(top: Level) -> Iterator[Pin]:
    for image in entries(top, "images"):
        yield from fixed_pin(image, "tag", FORMAT, PinKind.TAG, image.text("repoURL"))
        yield from fixed_pin(image, "digest", FORMAT, PinKind.DIGEST, image.text("repoURL"))
    for commit in entries(top, "commits"):
        yield from fixed_pin(commit, "id", FORMAT, PinKind.REF, commit.text("repoURL"))
        yield from fixed_pin(commit, "tag", FORMAT, PinKind.REF, commit.text("repoURL"))
    for chart in entries(top, "charts"):
        yield from fixed_pin(chart, "version", FORMAT, PinKind.CHART, chart.text("name") or chart_name(chart.text("repoURL")))


def _subscription(subscription: Level) -> Iterator[Pin]:
    kinds = {"image": PinKind.TAG, "chart": PinKind.CHART, "git": PinKind.REF}
    for key, kind in kinds.items():
        source = under(subscription, key)
        if source is not None:
            artefact = source.text("name") or source.text("repoURL").removeprefix("oci://")
            for constraint in ("constraint", "semverConstraint"):
                yield from fixed_pin(source, constraint, FORMAT, kind, artefact)
            yield from fixed_pin(source, "branch", FORMAT, PinKind.REF, artefact) if key == "git" else ()
