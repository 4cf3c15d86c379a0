"""The operations of STS, by noun."""
