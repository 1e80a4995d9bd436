"""All of the above → an append-only record, and the texts that people read."""
