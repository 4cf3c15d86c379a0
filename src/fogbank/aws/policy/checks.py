"""What IAM refuses when a policy is put, with its texts.

The texts are what users of the API report; the rules are those of the grammar page and of the element pages.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.aws.policy.grammar import SYNTAX, VERSION_NOW, Clause, Document, Kind, MalformedPolicy, parse

PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"})

_ORGANIZATIONS = "The provided policy document does not meet the requirements of the specified policy type."
_SID = re.compile(r"[0-9A-Za-z]*")
_VENDOR = re.compile(r"[0-9A-Za-z-]+")
_TRUST_ACTIONS = re.compile(r"sts:(assumerole(with(saml|webidentity))?|tagsession|setsourceidentity|setcontext)")
_WITH_PRINCIPAL: frozenset[Kind] = frozenset({"trust", "resource", "rcp"})
_ORGANIZATION_KINDS: frozenset[Kind] = frozenset({"scp", "rcp"})
_OWN_SIDS: frozenset[Kind] = frozenset({"resource"})


def check(document: str | Mapping[str, Any], kind: Kind, *, partition: str = "") -> None:
    """Refuse what IAM refuses at CreatePolicy (`managed`), Put…Policy (`identity`), CreateRole (`trust`) and so on.

    `partition` is the only one that resources may be in; empty lets all of AWS's partitions pass. Raises
    MalformedPolicy, whose text is the message of MalformedPolicyDocument.
    """
    parsed = parse(document)
    if kind in ("managed", "scp", "rcp") and parsed.version != VERSION_NOW:
        # https://github.com/Meteor-Community-Packages/Meteor-CollectionFS/issues/630; inline policies may be older.
        raise MalformedPolicy("Policy document must be version 2012-10-17 or greater.")
    require_elements(parsed, kind)
    _check_sids(parsed, kind)
    for clause in parsed.clauses:
        _check_actions(clause, kind)
        for resource in clause.resources.texts if clause.resources else ():
            _check_resource(resource, partition)


def require_elements(parsed: Document, kind: Kind) -> None:
    """Refuse statements without an element that policies of this kind need, or with one that they may not have."""
    for clause in parsed.clauses:
        text = next(_element_faults(clause, kind), "")
        if text:
            raise MalformedPolicy(_ORGANIZATIONS if kind in _ORGANIZATION_KINDS else text)


def _element_faults(clause: Clause, kind: Kind) -> Iterator[str]:
    if kind not in _WITH_PRINCIPAL and clause.principals:
        # The console says "Has prohibited field Principal"; the API's text is in terraform-provider-aws#10419.
        yield "Policy document should not specify a principal."
    if kind in _WITH_PRINCIPAL and not clause.principals:
        yield "Missing required field Principal"
    if not clause.actions or not clause.actions.texts:
        yield "Policy statement must contain actions."
    if kind == "trust" and clause.resources:
        yield "Has prohibited field Resource"
    # A topic's policy may leave out the resource that it is attached to, as the example in the variables page does.
    if kind not in ("trust", "resource") and (not clause.resources or not clause.resources.texts):
        yield "Policy statement must contain resources."


def _check_sids(parsed: Document, kind: Kind) -> None:
    if kind in _OWN_SIDS:
        return
    sids = [clause.sid for clause in parsed.clauses if clause.sid]
    if not all(_SID.fullmatch(sid) for sid in sids):
        raise MalformedPolicy(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*"
        )
    if len(set(sids)) != len(sids):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")


def _check_actions(clause: Clause, kind: Kind) -> None:
    for action in clause.actions.texts if clause.actions else ():
        vendor, colon, name = action.partition(":")
        if action == "*" and kind != "trust":
            continue
        if not colon:
            raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if ":" in name:
            raise MalformedPolicy("Actions/Condition can contain only one colon.")
        if not _VENDOR.fullmatch(vendor):
            raise MalformedPolicy(f"Vendor {vendor} is not valid")
        if not name:
            raise MalformedPolicy(SYNTAX)
        if kind == "trust" and not _TRUST_ACTIONS.fullmatch(action.lower()):
            raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_resource(resource: str, partition: str) -> None:
    if resource == "*":
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn" or len(parts) < 2:
        raise MalformedPolicy(f'Resource {resource} must be in ARN format or "*".')
    valid = {partition} if partition else PARTITIONS
    if parts[1] != "*" and parts[1] not in valid:
        raise MalformedPolicy(f'Partition "{parts[1]}" is not valid for resource "{resource}".')
    if len(parts) < 6 and not resource.endswith("*"):
        raise MalformedPolicy("The policy failed legacy parsing")
    if len(parts) == 6 and not _VENDOR.fullmatch(parts[2]) and parts[2] != "*":
        raise MalformedPolicy("Resource vendor must be fully qualified and cannot contain regexes.")
    if len(parts) == 6 and parts[2] == "iam" and parts[3] not in ("", "*"):
        raise MalformedPolicy(f"IAM resource {resource} cannot contain region information.")
