"""A backtest's answer → one page that needs nothing else: no script, no network, its plots drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.web.backtested import headline, measures, suggested

WIDE, HIGH, EDGE, MARGIN = 380.0, 320.0, 60.0, 22.0
"""The calibration plot, in its own units; `EDGE` is room for the axes' words, `MARGIN` for what stands at the far ends."""
BAR, LABEL, ROW = 330.0, 160.0, 24.0
LONGEST_NAME = 18
MOST_BARS = 16
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)


def page(row: Mapping[str, Any]) -> str:
    """Fill in the page; nobody's text is markup in it."""
    style = (Path(__file__).parent / "static" / "style.css").read_text(encoding="utf-8")
    shown = {**row, "headline": headline(row), "measures": measures(row), "lines": suggested(row)}
    text: str = _template().render(style=Markup(style), plot=calibration(row["calibration"]), bars=bars(row["incidents"]), **shown)  # noqa: S704 - our own file
    return text


def calibration(found: Mapping[str, Any]) -> dict[str, Any]:
    """Where each bin stands in the plot: what was said to the right, what came true upwards."""

    def x(share: float) -> float:
        return round(EDGE + share * (WIDE - EDGE - MARGIN), 1)

    def y(share: float) -> float:
        return round(HIGH - EDGE - share * (HIGH - EDGE - MARGIN), 1)

    dots = [
        {
            "x": x(each["said"]),
            "y": y(each["right"]),
            "low": y(each["low"]),
            "high": y(each["high"]),
            "radius": round(3 + 5 * (each["cases"] / max(1, found["cases"])) ** 0.5, 1),
            "title": f"{each['cases']} cases: said {each['said']:.0%}, came true {each['right']:.0%}",
        }
        for each in found["bins"]
    ]
    ticks = [{"x": x(share), "y": y(share), "text": f"{share:.0%}"} for share in (0, 0.25, 0.5, 0.75, 1)]
    return {"dots": dots, "ticks": ticks, "wide": WIDE, "high": HIGH, "x0": x(0), "x1": x(1), "y0": y(0), "y1": y(1)}


def bars(incidents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Minutes from the alert to what Rollbot would have decided and to what people committed, of what it would have got right."""
    right = [each for each in incidents if each["verdict"] == "right"][-MOST_BARS:]
    most = max((max(each["minutes_people"], each["minutes_to_decide"], 1) for each in right), default=1)
    step = next((nice for nice in _NICE if most / nice <= 6), most)

    def x(minutes: float) -> float:
        return round(LABEL + max(0.0, minutes) / most * BAR, 1)

    rows = [
        {
            "y": round(ROW * place + ROW, 1),
            "name": f"{_short(each['service'])} {each['fired'][5:10]}",
            "bot": x(each["minutes_to_decide"]),
            "people": x(each["minutes_people"]),
            "title": f"{each['environment']}/{each['service']}: decided after {each['minutes_to_decide']:g} min, "
            f"people after {each['minutes_people']:g} min",
        }
        for place, each in enumerate(right)
    ]
    ticks = [{"x": x(step * count), "text": f"{step * count:g}"} for count in range(int(most // step) + 1)]
    return {"rows": rows, "ticks": ticks, "wide": LABEL + BAR + 30, "high": ROW * (len(rows) + 1) + 30, "x0": x(0)}


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


@cache
def _template() -> Any:
    folder = Path(__file__).parent / "templates"
    made = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("backtest.html")
