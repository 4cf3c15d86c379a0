"""The services: one folder each, all alike, none importing another."""
