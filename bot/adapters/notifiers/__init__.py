"""Port Notifier → where people look."""
