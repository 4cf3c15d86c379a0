"""S3 Control's operations."""
