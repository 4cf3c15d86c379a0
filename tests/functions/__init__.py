"""Functions that really run, behind the whole of the API."""
