"""Traffic policies and their instances: found, and as the record sets that answer for an instance."""

from __future__ import annotations

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import traffic, traffic_documents
from fogbank.services.route53.resources import TrafficPolicy, TrafficPolicyInstance
from fogbank.services.route53.traffic import Tree


def one(ctx: Context, policy_id: str, version: int) -> TrafficPolicy:
    """A version of a traffic policy. Raises NoSuchTrafficPolicy."""
    found = ctx.get(TrafficPolicy, policy_id, order(version))
    if found is None:
        raise missing(policy_id)
    return found


def missing(policy_id: str) -> AwsError:
    return AwsError("NoSuchTrafficPolicy", f"No traffic policy exists with Id {policy_id} and the specified version.")


def order(version: int) -> str:
    """What versions are listed by."""
    return f"{version:04d}"


def newest(ctx: Context) -> list[TrafficPolicy]:
    """The latest version of each traffic policy, the oldest policy first."""
    by_id = {one.id: one for one in ctx.scan(TrafficPolicy)}
    return sorted(by_id.values(), key=lambda one: (one.created_at, one.id))


def instance(ctx: Context, instance_id: str) -> TrafficPolicyInstance:
    """Raises NoSuchTrafficPolicyInstance."""
    found = ctx.get(TrafficPolicyInstance, instance_id)
    if found is None:
        raise AwsError("NoSuchTrafficPolicyInstance", f"No traffic policy instance exists with Id {instance_id}.")
    return found


def tree(ctx: Context, instance_id: str) -> Tree:
    """The record sets behind an instance; none where it is gone, or could not be made."""
    found = ctx.get(TrafficPolicyInstance, instance_id)
    policy = ctx.get(TrafficPolicy, found.policy_id, order(found.policy_version)) if found is not None else None
    if found is None or policy is None or found.message:
        return {}
    return traffic.tree(traffic_documents.read(policy.document), found.ttl)
