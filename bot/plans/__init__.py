"""Decision × desired state → plan: the smallest exact edit that takes a release back, and what goes with it."""
