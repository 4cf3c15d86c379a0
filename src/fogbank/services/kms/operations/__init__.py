"""KMS's API, one file for each noun of it; what takes long is in `data.py`."""
