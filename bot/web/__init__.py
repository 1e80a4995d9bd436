"""HTTP → inbox, API answers and pages: verifies, stores, enqueues, answers."""
