"""Payload → signals: what happened, in one shape, whatever system said it."""
