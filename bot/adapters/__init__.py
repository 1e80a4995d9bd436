"""Ports → the outside world, one module or package a system."""
