"""Route 53's operations."""
