"""Port Metrics → what a time series database knows of an alert."""
