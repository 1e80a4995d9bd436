"""A case → an objection, or none: one sentence a module, and the table of them."""
