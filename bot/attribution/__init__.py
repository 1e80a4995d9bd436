"""Incident × history × evidence → suspects, each with how sure, and the versions to go back to."""
