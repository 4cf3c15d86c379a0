"""Metric math (User Guide, "Using math expressions with CloudWatch metrics"): parsed, and evaluated over series."""

from fogbank.services.cloudwatch.math.evaluate import World, evaluated
from fogbank.services.cloudwatch.math.language import BadExpression, Node, names_of, parsed, searches_of
from fogbank.services.cloudwatch.math.series import Series

__all__ = ["BadExpression", "Node", "Series", "World", "evaluated", "names_of", "parsed", "searches_of"]
