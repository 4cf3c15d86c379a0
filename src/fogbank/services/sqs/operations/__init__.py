"""The operations of SQS, one file for each noun of its API."""
