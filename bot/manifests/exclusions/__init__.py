"""Files that tell other bots which versions to choose → the same files with versions excluded, and back, byte for byte.

Each bot has its own place for that (one module a bot, one table EXCLUSIONS). What we write is marked as ours in the file itself, so
that `excluded` is one question: it takes everything of ours out and writes what is wanted now. Nothing wanted restores the file.
"""

from bot.manifests.exclusions.exclusion import Exclusion, Unwritable
from bot.manifests.exclusions.table import EXCLUSIONS, excluded

__all__ = ["EXCLUSIONS", "Exclusion", "Unwritable", "excluded"]
