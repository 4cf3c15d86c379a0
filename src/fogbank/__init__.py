"""A cloud at ground level: AWS's APIs in front; real packets, rows, answers and failures behind."""

__version__ = "0.1.0"
