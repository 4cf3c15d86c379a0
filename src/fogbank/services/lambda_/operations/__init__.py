"""Lambda's API, one file for each noun of it."""
