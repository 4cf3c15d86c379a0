"""What Route 53 says on the wire, to the resolvers of VPCs and to programs of the host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fogbank.aws import internet
from fogbank.control.context import Context
from fogbank.planes.dns import message
from fogbank.planes.dns.message import Answer, Query
from fogbank.planes.dns.plans import Plan, Plans, Recipe
from fogbank.planes.dns.zone import Told
from fogbank.services.route53 import answers, names, rules, signing, zones
from fogbank.services.route53.resources import HostedZone

_HOST = "127.0.0.1"
_SERVER_SECONDS = 172_800


def private_answer(ctx: Context, vpc_id: str, query: Query, address: str) -> Answer | None:
    """What the private zone of a VPC says, the one with the longest name; None for a name of none of them."""
    by_name = {zone.name: (owner, zone) for owner, zone in _of_vpc(ctx, vpc_id)}
    found = next((by_name[name] for name in _upwards(query.name) if name in by_name), None) if by_name else None
    return answers.said(*found, query, address) if found is not None else None


def public_answer(ctx: Context, query: Query, address: str) -> Answer | None:
    """What the public zone with the longest name says, the oldest of equals; None for a name of none of them."""
    if query.type == message.DS and (above := signing.parent(ctx, query.name)) is not None:
        # What vouches for a zone lies with the zone above (RFC 4035, section 3.1.4.1).
        return answers.said(*above, query, address)
    found = zones.public(ctx, query.name)
    return answers.said(*found, query, address) if found is not None else None


def public_plans(ctx: Context, is_host: bool) -> Plans:
    """What was planned for questions about public zones, of programs of the host or of a region's internet.

    It is another one once the store has let go of its memory.
    """
    place = "" if is_host else ctx.region
    return ctx.held(zones.Compiled).plans.setdefault(place, Plans())


def public_plan(ctx: Context, plans: Plans, query: Query, address: str) -> Plan | None:
    """A plan for what public zones say; None where `public_answer` has to be asked each time."""
    found = zones.public(ctx, query.name)
    if found is None or not answers.is_plain(*found, query):
        return None
    owner, recipe = found[0], plans.recipe(query.name, query.type)
    if recipe is None:
        recipe = Recipe(zones.compiled(*found), query.name, query.type)
        plans.remember(recipe)

    def tell(asker: str) -> Told:
        with owner.begin():
            return answers.told(owner, query, asker)

    return Plan(recipe, query, tell, answers.told(owner, query, address)) if recipe.is_whole else None


def addresses(ctx: Context, vpc_id: str, name: str) -> tuple[tuple[str, ...], int]:
    """The address of one of Route 53's name servers; on this machine they are all one."""
    number = int(re.findall(r"\d+", name)[0])
    if number >= rules.SERVERS or name != rules.server(number):
        return (), 0
    return (internet.name_server(number) if vpc_id else _HOST,), _SERVER_SECONDS


def _of_vpc(ctx: Context, vpc_id: str) -> Iterator[tuple[Context, HostedZone]]:
    return zones.everywhere(ctx, "by_vpc", f"{ctx.region} {vpc_id}")


def _upwards(name: str) -> Iterator[str]:
    """A name of the wire and all above it, as zones' names are kept."""
    kept = names.kept(name)
    while kept:
        yield kept
        kept = kept.partition(".")[2]
