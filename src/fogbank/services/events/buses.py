"""Buses and rules as their names and ARNs lead to them."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.events import rules
from fogbank.services.events.resources import Bus, Rule

DEFAULT = "default"


def arn(ctx: Context, name: str) -> str:
    return ctx.arn(f"event-bus/{name}")


def at(ctx: Context, text: str | None) -> tuple[Context, str]:
    """The context in which a bus lives, and its name; `text` is a name, an ARN, or None for the default bus."""
    region, account, name = rules.bus_parts(text or DEFAULT)
    if not region or (region, account) == (ctx.region, ctx.account):
        return ctx, name
    return ctx.at(region, account), name


def find(ctx: Context, name: str) -> Bus | None:
    """A bus here, None if there is none; the default one is always there."""
    found = ctx.get(Bus, name)
    return Bus(name=DEFAULT) if found is None and name == DEFAULT else found


def found(ctx: Context, text: str | None) -> Bus:
    """A bus of this account and region. Raises ResourceNotFoundException."""
    home, name = at(ctx, text)
    bus = find(home, name)
    if bus is None:
        raise AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return bus


def rule_arn(ctx: Context, rule: Rule) -> str:
    return ctx.arn(f"rule/{rule.name}" if rule.bus == DEFAULT else f"rule/{rule.bus}/{rule.name}")


def rule_found(ctx: Context, name: str, bus: str | None) -> Rule:
    """A rule. Raises ResourceNotFoundException."""
    rule = ctx.get(Rule, found(ctx, bus).name, name)
    if rule is None:
        text = f"Rule {name} does not exist on EventBus {rules.bus_parts(bus or DEFAULT)[2]}."
        raise AwsError("ResourceNotFoundException", text)
    return rule


def check_not_managed(rule: Rule, *, force: bool = False) -> None:
    """Raises ManagedRuleException for a rule that a service made for itself."""
    if rule.managed_by and not force:
        text = f"Rule {rule.name} is a managed rule and cannot be modified by the caller."
        raise AwsError("ManagedRuleException", text)


def described(ctx: Context, bus: Bus) -> dict[str, Any]:
    """A bus as answers have it."""
    shown: dict[str, Any] = {"Name": bus.name, "Arn": arn(ctx, bus.name)}
    shown |= {"Description": bus.description} if bus.description else {}
    shown |= {"Policy": bus.policy} if bus.policy else {}
    if bus.created_at:
        shown |= {"CreationTime": bus.created_at, "LastModifiedTime": bus.modified_at}
    return shown
