"""Ports Notifier and Messenger → where people look."""
