"""Bytes to parameters and results to bytes, in AWS's six wire protocols; pure."""
