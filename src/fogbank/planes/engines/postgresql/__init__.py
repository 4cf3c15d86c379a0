"""PostgreSQL as an engine: found on the machine, made from a template, replicated, promoted, spoken to."""
