"""CloudWatch Logs' API, one file for each noun of it."""
