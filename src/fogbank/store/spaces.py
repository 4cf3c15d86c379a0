"""The spaces of items that the store keeps for itself."""

BLOB_SPACE = "fogbank/blob"
"""Names every blob that a row names."""
DOOMED_SPACE = "fogbank/doomed"
"""Names the blobs whose rows have gone, until the files have too."""
