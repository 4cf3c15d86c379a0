"""Stacks over many services: made, changed, taken back and taken away, and killed in between."""
