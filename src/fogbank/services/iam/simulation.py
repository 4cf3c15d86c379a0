"""Simulations: what the real evaluator would say, and which statements of which texts made it say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fogbank.aws.policy import Decision, Matched, Policy, PolicySet, Principal, Question, evaluate
from fogbank.services.iam import rules
from fogbank.services.iam.identity import compiled

_SEVERITY = {"allowed": 0, "implicitDeny": 1, "explicitDeny": 2}


class Source(msgspec.Struct, frozen=True):
    """A document in a simulation: under which id and type its statements are shown."""

    id: str
    type: str
    document: str


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked by whom: `sources` by the names that the evaluator calls them."""

    caller: Principal
    sources: Mapping[str, Source]
    identity: tuple[Policy, ...]
    boundary: Policy | None
    resource_policy: Policy | None
    owner: str
    """The account that owns the resources."""
    context: Mapping[str, Sequence[str]]


def policies(sources: Mapping[str, Source], names: Sequence[str]) -> tuple[Policy, ...]:
    return tuple(compiled(sources[name].document, name, "identity") for name in names)


def result(simulation: Simulation, action: str, resources: Sequence[str]) -> dict[str, Any]:
    """An EvaluationResult: the most restrictive decision over all resources, and each resource's own."""
    rows = [_on(simulation, action, resource) for resource in resources or ("*",)]
    worst = max(rows, key=lambda row: _SEVERITY[row["EvalResourceDecision"]])
    found = {
        "EvalActionName": action,
        "EvalResourceName": rows[0]["EvalResourceName"] if len(rows) == 1 else "*",
        "EvalDecision": worst["EvalResourceDecision"],
        "MatchedStatements": worst["MatchedStatements"],
        "MissingContextValues": list(dict.fromkeys(key for row in rows for key in row["MissingContextValues"])),
    }
    if simulation.boundary is not None:
        allowed = all(row["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for row in rows)
        found["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    return found | {"ResourceSpecificResults": rows} if resources else found


def _on(simulation: Simulation, action: str, resource: str) -> dict[str, Any]:
    question = Question(action, resource, simulation.owner, simulation.context)
    decision = _decision(simulation, question)
    row: dict[str, Any] = {
        "EvalResourceName": resource,
        "EvalResourceDecision": _word(decision),
        "MatchedStatements": [_statement(simulation, matched) for matched in decision.statements],
        "MissingContextValues": list(decision.missing_context),
    }
    if simulation.boundary is not None:
        allowed = _boundary_allows(simulation, simulation.boundary, question)
        row["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    if simulation.owner not in ("", simulation.caller.account):
        row["EvalDecisionDetails"] = _details(simulation, question)
    return row


def _decision(simulation: Simulation, question: Question) -> Decision:
    gathered = PolicySet(identity=simulation.identity, boundary=simulation.boundary)
    return evaluate(simulation.caller, gathered, simulation.resource_policy, question)


def _boundary_allows(simulation: Simulation, boundary: Policy, question: Question) -> bool:
    own = msgspec.structs.replace(question, account=simulation.caller.account)
    return evaluate(simulation.caller, PolicySet(identity=(boundary,)), None, own).allowed


def _details(simulation: Simulation, question: Question) -> dict[str, str]:
    """What the policies of either side say by themselves, of a resource in another account."""
    own = msgspec.structs.replace(question, account=simulation.caller.account)
    identity = evaluate(simulation.caller, PolicySet(identity=simulation.identity), None, own)
    found = {"IAM Policy": _word(identity)}
    if simulation.resource_policy is not None:
        everything = compiled(_ALL, "", "identity")
        resource = evaluate(simulation.caller, PolicySet(identity=(everything,)), simulation.resource_policy, question)
        found["Resource Policy"] = _word(resource)
    return found


def _statement(simulation: Simulation, matched: Matched) -> dict[str, Any]:
    source = simulation.sources[matched.policy]
    place = rules.places_of(source.document)[matched.index]
    return {
        "SourcePolicyId": source.id,
        "SourcePolicyType": source.type,
        "StartPosition": {"Line": place.start[0], "Column": place.start[1]},
        "EndPosition": {"Line": place.end[0], "Column": place.end[1]},
    }


def _word(decision: Decision) -> str:
    if decision.allowed:
        return "allowed"
    return "explicitDeny" if decision.explicit else "implicitDeny"


_ALL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
