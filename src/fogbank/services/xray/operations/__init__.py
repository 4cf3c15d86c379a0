"""The operations of X-Ray, one file for each noun."""
