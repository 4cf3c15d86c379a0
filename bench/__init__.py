"""Measures fogbank against its peers, interleaved in one run: `make bench`."""
