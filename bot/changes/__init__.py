"""Plan → change: branch, commit message with trailers, pull request title and body, comments."""
