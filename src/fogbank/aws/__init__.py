"""AWS's vocabulary as plain values; imports nothing else of fogbank."""
