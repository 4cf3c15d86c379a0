"""Serverless templates with other people's tools, and functions that really run."""
