"""The policy simulator, and what a simulation must be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Kind, MalformedPolicy, Policy, Principal
from fogbank.control.context import Context
from fogbank.services.iam import entities, identity, managed_policies, rules, simulation
from fogbank.services.iam.entities import GROUP, ROLE, USER, Holder, Noun
from fogbank.services.iam.simulation import Simulation, Source

_RESOURCE_POLICY = "ResourcePolicy"
_NOUNS: Mapping[str, Noun[Any]] = {"user": USER, "group": GROUP, "role": ROLE}


def simulate_custom_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    sources = _given("PolicyInputList", req["PolicyInputList"], "none")
    boundary = _given("PermissionsBoundaryPolicyInputList", req.get("PermissionsBoundaryPolicyInputList", ()), "none")
    if "ResourcePolicy" in req and "CallerArn" not in req:
        raise AwsError("InvalidInput", "CallerArn is required if you include a ResourcePolicy.")
    nobody = Principal(entities.arn(ctx, "user/simulated"), ctx.account, "user")
    caller = _caller(ctx, req["CallerArn"]) if "CallerArn" in req else nobody
    return _simulated(req, _simulation(req, caller, sources, boundary))


def simulate_principal_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    holder = _holder(ctx, req["PolicySourceArn"])
    sources = {name: _source(name, document) for name, document in identity.documents_of(ctx, holder)}
    sources |= _given("PolicyInputList", req.get("PolicyInputList", ()), "none")
    excluded = _excluded(req)
    sources = {name: source for name, source in sources.items() if name not in excluded}
    given = req.get("PermissionsBoundaryPolicyInputList")
    boundary = _given("PermissionsBoundaryPolicyInputList", given or (), "none")
    held = getattr(holder, "boundary", None)
    if given is None and held is not None and held not in excluded:
        document = managed_policies.document_of(ctx, held)
        boundary = {f"boundary {held}": Source(_short(held), _type(held), document)} if document else {}
    caller = _caller(ctx, req.get("CallerArn") or req["PolicySourceArn"])
    return _simulated(req, _simulation(req, caller, sources, boundary))


def get_context_keys_for_custom_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    documents = req["PolicyInputList"]
    for document in documents:
        _compiled(document, "", "identity")
    return {"ContextKeyNames": rules.context_keys_of(documents)}


def get_context_keys_for_principal_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    holder = _holder(ctx, req["PolicySourceArn"])
    given = req.get("PolicyInputList", [])
    for document in given:
        _compiled(document, "", "identity")
    documents = [document for _, document in identity.documents_of(ctx, holder)]
    return {"ContextKeyNames": rules.context_keys_of([*documents, *given])}


def list_policies_granting_service_access(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    holder = _holder(ctx, req["Arn"])
    documents = list(identity.documents_of(ctx, holder))
    rows = []
    for service in req["ServiceNamespaces"]:
        granting = [_grant(name) for name, document in documents if rules.grants_access(document, service)]
        rows.append({"ServiceNamespace": service, "Policies": granting})
    return {"PoliciesGrantingServiceAccess": rows, "IsTruncated": False}


def _simulated(req: dict[str, Any], asked: Simulation) -> dict[str, Any]:
    for action in req["ActionNames"]:
        if ":" not in action:
            raise AwsError("InvalidInput", f"Invalid Entity Resource: {action} is not the name of an action.")
    numbered = [f"{number:06d}" for number in range(len(req["ActionNames"]))]

    def show(number: str) -> dict[str, Any]:
        return simulation.result(asked, req["ActionNames"][int(number)], req.get("ResourceArns", ()))

    return entities.listing(req, "EvaluationResults", numbered, entities.same, show)


def _simulation(
    req: dict[str, Any], caller: Principal, sources: Mapping[str, Source], boundary: Mapping[str, Source]
) -> Simulation:
    if len(boundary) > 1:
        raise AwsError("InvalidInput", "Only one permissions boundary can be simulated at a time.")
    documents = {**sources, **boundary}
    resource_policy: Policy | None = None
    if "ResourcePolicy" in req:
        documents[_RESOURCE_POLICY] = Source(_RESOURCE_POLICY, "resource", req["ResourcePolicy"])
        resource_policy = _compiled(req["ResourcePolicy"], _RESOURCE_POLICY, "resource")
    owner = req.get("ResourceOwner", "")
    parsed = Arn.parse(owner)
    context = {
        entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
        for entry in req.get("ContextEntries", ())
        if "ContextKeyName" in entry
    }
    return Simulation(
        caller=caller,
        sources=documents,
        identity=simulation.policies(documents, list(sources)),
        boundary=next(iter(simulation.policies(documents, list(boundary))), None),
        resource_policy=resource_policy,
        owner=parsed.account if parsed else owner,
        context=context,
    )


def _given(word: str, documents: Sequence[str], kind: str) -> dict[str, Source]:
    """Documents that a request gives, called `PolicyInputList.1` and so on."""
    found = {}
    for number, document in enumerate(documents, 1):
        name = f"{word}.{number}"
        _compiled(document, name, "identity")
        found[name] = Source(name, kind, document)
    return found


def _compiled(document: str, name: str, kind: Kind) -> Policy:
    try:
        return identity.compiled(document, name, kind)
    except MalformedPolicy as error:
        raise AwsError("InvalidInput", f"Invalid policy {name}: {error}") from None


def _excluded(req: dict[str, Any]) -> set[str]:
    """The names, as `documents_of` gives them, of the policies that a request leaves out."""
    names = set()
    for each in req.get("PolicyExclusionList", ()):
        inline = each.get("InlinePolicyIdentifier")
        if "PolicyArn" in each:
            names.add(each["PolicyArn"])
        if inline:
            names.add(f"{inline['AttachmentType']}/{inline['AttachmentName']}/{inline['PolicyName']}")
    return names


def _source(name: str, document: str) -> Source:
    return Source(_short(name), _type(name), document)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _type(name: str) -> str:
    """The type that the simulator gives a policy by the name that `documents_of` gives it."""
    if not name.startswith("arn:"):
        return name.partition("/")[0]
    return "aws-managed" if managed_policies.is_of_aws(name) else "user-managed"


def _grant(name: str) -> dict[str, Any]:
    if name.startswith("arn:"):
        return {"PolicyName": _short(name), "PolicyType": "MANAGED", "PolicyArn": name}
    kind, entity, policy = name.split("/")
    return {"PolicyName": policy, "PolicyType": "INLINE", "EntityType": kind.upper(), "EntityName": entity}


def _holder(ctx: Context, arn: str) -> Holder:
    """The user, group or role of an ARN. Raises InvalidInput and NoSuchEntity."""
    parsed = Arn.parse(arn)
    noun = _NOUNS.get(parsed.resource.partition("/")[0]) if parsed else None
    if parsed is None or noun is None or parsed.service != "iam":
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    if parsed.account != ctx.account:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} is of another account.")
    holder: Holder = entities.existing(ctx, noun, parsed.resource.rpartition("/")[2])
    return holder


def _caller(ctx: Context, arn: str) -> Principal:
    """The principal that a simulation is about."""
    parsed = Arn.parse(arn)
    if parsed is None:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    word = parsed.resource.partition("/")[0]
    if word in ("role", "assumed-role"):
        return Principal(arn, parsed.account, "role", role_arn=arn if word == "role" else "")
    return Principal(arn, parsed.account, "root" if word == "root" else "user")
