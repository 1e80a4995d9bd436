"""The order of things, over ports: an incident, one step on."""
