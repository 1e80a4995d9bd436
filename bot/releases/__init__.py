"""Commits × manifests → a service's releases, newest first."""
