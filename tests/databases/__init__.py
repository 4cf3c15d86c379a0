"""Databases with real rows: what a client of theirs sees."""
