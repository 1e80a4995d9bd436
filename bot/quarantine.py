"""A release that must not come back: who said so, why, until when, and the one file that records it in Git."""
