"""Case → decision, and decision × plan facts → admitted or objections."""
