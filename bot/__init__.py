"""Rollbot rolls bad releases back in Git: signal → incident → suspects → decision → plan → change → outcome → record."""
