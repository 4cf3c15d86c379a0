"""The language of filter expressions: parsed once, then asked of trace after trace.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from fogbank.services.xray.filters.evaluate import Groups, holds, of_entity
from fogbank.services.xray.filters.language import BadFilter, Node, groups_in, parsed, selector

__all__ = ["BadFilter", "Groups", "Node", "groups_in", "holds", "of_entity", "parsed", "selector"]
