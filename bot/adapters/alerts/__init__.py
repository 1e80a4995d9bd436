"""Port Alerts → what an alerting system says of its own alerts: which fire, and which are kept quiet."""
