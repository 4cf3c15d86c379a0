"""S3's operations that take bodies in as they arrive."""
