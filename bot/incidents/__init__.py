"""Signals → incident: grouped, deduplicated, resolved; its states and legal moves."""
