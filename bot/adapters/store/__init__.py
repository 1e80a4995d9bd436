"""Incidents, records, inbox, queue rows and the local forge's pull requests → one SQL database, and back."""
