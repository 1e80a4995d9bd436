"""The text of `.rollbot.yaml` → every stage's rules together, or all that is wrong with it."""

from bot.config.reading import PATH, Config, json_schema, parse, problems

__all__ = ["PATH", "Config", "json_schema", "parse", "problems"]
