"""RDS's operations, one module for each noun."""
