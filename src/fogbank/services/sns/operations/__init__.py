"""The operations of SNS, one file for each noun of its API."""
