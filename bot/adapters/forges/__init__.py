"""Port Forge → where pull requests live, one module a forge."""
