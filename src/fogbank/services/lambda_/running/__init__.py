"""Functions run: environments started, events handed over, and what is told of it."""
