"""ECR's operations, a file for each noun."""
