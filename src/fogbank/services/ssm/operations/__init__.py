"""Parameter Store's management API, one file for each noun of it."""
