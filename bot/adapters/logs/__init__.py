"""Port Logs → how many lines of errors there were."""
