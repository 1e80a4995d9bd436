"""`rollbot schema`: the JSON Schema of `.rollbot.yaml`."""

from __future__ import annotations

from bot.cli.printing import as_json


def schema() -> None:
    """Print the JSON Schema of .rollbot.yaml, for editors.

    \b
    Examples:
      rollbot schema > rollbot.schema.json
    """
    from bot.config import json_schema

    as_json(json_schema())
