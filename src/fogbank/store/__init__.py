"""What lasts: typed records, ordered items and blobs, behind one group commit."""
