"""A Git repository's address → its commits, trees and bytes; a change → a commit on a branch."""

from bot.adapters.git.repository import GitRepository
from bot.adapters.git.writing import Person

__all__ = ["GitRepository", "Person"]
