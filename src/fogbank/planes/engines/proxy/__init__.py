"""A process that serves fronts: relays to whoever is behind them, and readers that forward writes to a writer."""
