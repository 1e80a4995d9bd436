"""A GitHub repository behind the Forge and Conversation ports: changes → signed commits, pull requests, merges, comments."""
