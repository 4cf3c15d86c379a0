"""Packets through real networks: what must pass passes, and what must be dropped is seen to be dropped."""
