"""Words on the command line → one verb done, its answer printed."""
