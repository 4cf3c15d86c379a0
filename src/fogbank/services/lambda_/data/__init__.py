"""What waits: code that comes from S3, and functions that are run."""
