"""Sync × samples → outcome: did it arrive, did it help."""
