"""Sandboxes: other people's code as processes that see nothing of the machine but what they are given."""
