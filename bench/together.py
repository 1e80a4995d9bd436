"""What one pin alone cannot put right: groups, data and traffic, each measured by its own part; prints one RESULT line."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

PARTS = ("together_groups", "together_data", "together_traffic")
FIGURES = ("milp_agree", "milp_ms_p95", "drain_saved", "rounds")


def main() -> None:
    """Measure every part (`together.py groups` only one): each has `measure`, which prints a table and returns its figures by name."""
    wanted = [f"together_{name}" for name in sys.argv[1:]] or [name for name in PARTS if (Path(__file__).parent / f"{name}.py").exists()]
    found: dict[str, object] = {}
    for name in wanted:
        print(f"# {name.removeprefix('together_')}", flush=True)
        figures: Mapping[str, object] = importlib.import_module(name).measure()
        found |= figures
        print(flush=True)
    print("RESULT " + json.dumps({name: found.get(name) for name in FIGURES}))


if __name__ == "__main__":
    main()
