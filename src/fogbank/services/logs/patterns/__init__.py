"""The filter pattern language of CloudWatch Logs (User Guide, "Filter pattern syntax"), compiled to closures."""

from functools import lru_cache

from fogbank.services.logs.patterns import columns, document, terms
from fogbank.services.logs.patterns.values import BadPattern, Pattern

__all__ = ["BadPattern", "Pattern", "compiled"]


@lru_cache(maxsize=1024)
def compiled(text: str) -> Pattern:
    """A pattern ready to be matched. Raises BadPattern."""
    stripped = text.strip()
    if stripped.startswith("{"):
        return document.compiled(stripped)
    if stripped.startswith("["):
        return columns.compiled(stripped)
    return terms.compiled(stripped)
