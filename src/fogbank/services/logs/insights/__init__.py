"""CloudWatch Logs Insights' query language: parsed, compiled to closures, run over events."""

from fogbank.services.logs.insights.language import Malformed, parsed
from fogbank.services.logs.insights.rows import Row, shown
from fogbank.services.logs.insights.run import Run

__all__ = ["Malformed", "Row", "Run", "parsed", "shown"]
