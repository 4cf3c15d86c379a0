"""Tags of resources: those that a request brings, and the limits they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.services.ec2 import bandwidth

KEY_LENGTH_MAX, VALUE_LENGTH_MAX = 127, 256


def specified(req: Mapping[str, Any], *types: str) -> dict[str, str]:
    """The tags that `TagSpecifications` give to the first of these types of resource.

    Raises InvalidParameterValue for another type, and for tags that are not allowed; TagLimitExceeded past 50.
    """
    chosen: list[Mapping[str, str]] = []
    for one in req.get("TagSpecifications") or ():
        if one.get("ResourceType") not in types:
            text = f"'{one.get('ResourceType', '')}' is not a valid taggable resource type for this operation."
            raise AwsError("InvalidParameterValue", text)
        if one["ResourceType"] == types[0]:
            chosen.extend(one.get("Tags") or ())
    return checked(chosen)


def checked(given: Sequence[Mapping[str, str]], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """`before` with the given tags. Raises InvalidParameterValue, TagLimitExceeded (EC2 User Guide, "Tag limits")."""
    for tag in given:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not key:
            raise AwsError("InvalidParameterValue", "Tag key cannot be empty")
        if key.lower().startswith("aws:"):
            text = "Tag keys starting with 'aws:' are reserved for internal use"
            raise AwsError("InvalidParameterValue", f"Value ( {key} ) for parameter key is invalid. {text}")
        if len(key) > KEY_LENGTH_MAX:
            raise AwsError(
                "InvalidParameterValue", f"Tag key exceeds the maximum length of {KEY_LENGTH_MAX} characters"
            )
        if len(value) > VALUE_LENGTH_MAX:
            text = f"Tag value exceeds the maximum length of {VALUE_LENGTH_MAX} characters"
            raise AwsError("InvalidParameterValue", text)
    if repeated := tags.duplicates(given):
        raise AwsError("InvalidParameterValue", f"Duplicate tag key '{repeated[0]}' specified.")
    bandwidth.check_tags(tags.read(given))
    found = {**(before or {}), **tags.read(given)}
    if len(found) > tags.TAGS_MAX:
        raise AwsError("TagLimitExceeded", f"The maximum number of tags for a resource is {tags.TAGS_MAX}.")
    return found
