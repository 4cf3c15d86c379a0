"""Hands on the world; values in, values out; they know nothing of AWS's resources."""
