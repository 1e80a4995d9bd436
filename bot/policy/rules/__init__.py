"""Safety rules, one a file: a case or a plan → an objection, or None."""
