"""Port Cluster → what a cluster says of what it runs."""
