"""Argo CD's REST API → which Applications deliver a service, what they run, and asking them to look at Git now."""
