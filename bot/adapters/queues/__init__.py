"""Port Queue → who works on what is due."""
