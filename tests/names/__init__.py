"""Names as clients see them: validated, failed over, answered by whoever is healthy."""
