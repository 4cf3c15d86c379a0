"""Requests and questions from inside the network, by the door they came through: `<kind> <partition>/<account>/…`."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.aws.scope import Scope
from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.context import Context, Origin
from fogbank.gateway import tokens
from fogbank.gateway.sigv4 import Verifier
from fogbank.planes.dns.dnssec import RRSIG
from fogbank.planes.dns.limits import Limiter
from fogbank.planes.dns.message import (
    ANY,
    CNAME,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    A,
    Answer,
    Query,
    Resource,
)
from fogbank.planes.dns.plans import Plan, Plans
from fogbank.planes.dns.server import Terms

if TYPE_CHECKING:
    from fogbank.cloud import Cloud


_LOG = logging.getLogger("fogbank.logins")
_CHECK_IP = "checkip.amazonaws.com"
_LINKS_MAX = 8
"""How many CNAMEs from one zone to another are followed."""


class Inside:
    """Asks `ec2` what a door's VPC knows: names, metadata, and what an endpoint lets through."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._verifier = Verifier()

    def resolve(self, name: str, query: Query, asker: str) -> Answer:
        """The answer of a VPC's resolver to an interface of it; without a VPC, of a public name server to anybody."""
        ctx, vpc_id = self._context(name)
        with ctx.begin():
            if not vpc_id:
                told = self._asked("route53", "public_answer", ctx, query, asker)
                return told or Answer(REFUSED, authoritative=False)
            answer = self._followed(ctx, vpc_id, query, asker)
        is_referral = not answer.records and not answer.authoritative and bool(answer.authority)
        # Who asks a resolver wants an answer, and the servers of others are not reached from here.
        return Answer(SERVFAIL) if is_referral else answer

    def resolve_for_host(self, query: Query, asker: str) -> Answer:
        """The answer to a program of the machine: what public zones say, and the names of services' endpoints."""
        ctx = self._host()
        with ctx.begin():
            return self._followed(ctx, "", query, asker)

    def terms(self, name: str = "") -> Terms:
        """How names are served at a door, or to programs of the machine: public ones are planned, and limited."""
        ctx, vpc_id = self._context(name) if name else (self._host(), "")
        if vpc_id:
            return Terms()
        most = self._cloud.settings.dns_answers_per_second
        return Terms(_Ahead(self._cloud, ctx, is_host=not name), Limiter(most, time.monotonic) if most else None)

    def _host(self) -> Context:
        return self._cloud.context("ec2", "inside", callers.service("ec2.amazonaws.com", self._cloud.settings.account))

    def _followed(self, ctx: Context, vpc_id: str, query: Query, asker: str) -> Answer:
        """An answer, with what is said of the name that its last CNAME leads to."""
        found, seen = self._told(ctx, vpc_id, query, asker), {query.name}
        while _leads_on(found, query):
            name = _last(found).data.rstrip(".").lower()
            if name in seen or len(seen) > _LINKS_MAX or found.authority:
                break
            seen.add(name)
            more = self._told(ctx, vpc_id, query._replace(name=name), asker)
            if more.code == REFUSED:
                break
            found = more._replace(records=(*found.records, *more.records), authoritative=found.authoritative)
        return found

    def _told(self, ctx: Context, vpc_id: str, query: Query, asker: str) -> Answer:
        """Private zones first, then names that services and the network know, then public zones."""
        known = self._asked("ec2", "resolve", ctx, vpc_id, query) if vpc_id else None
        if vpc_id and (known is None or known.code == REFUSED):
            return Answer(REFUSED)
        private = self._asked("route53", "private_answer", ctx, vpc_id, query, asker) if vpc_id else None
        found = private or self._named(ctx, vpc_id, query)
        if found is None and (known is None or known.code == NXDOMAIN):
            found = self._asked("route53", "public_answer", ctx, query, asker)
        return found or known or Answer(REFUSED, authoritative=False)

    def _asked(self, service: str, page: str, ctx: Context, *about: Any) -> Answer | None:
        """What a page of a service says; None where there is no such service, or it has nothing to say."""
        run = _page(self._cloud, service, page)
        said: Answer | None = run(ctx, *about) if run is not None else None
        return said

    def _named(self, ctx: Context, vpc_id: str, query: Query) -> Answer | None:
        """What a service says of a name that is its own; None of a name that is nobody's."""
        for found in self._cloud.services:
            if _is_named(found.service.names, query):
                page = found.page("addresses")
                addresses, seconds = page(ctx, vpc_id, query.name) if page is not None else ((), 0)
                if not vpc_id:
                    # A program of the machine reaches no address inside of a network.
                    addresses = tuple(one for one in addresses if one.startswith("127."))
                wanted = addresses if query.type in (A, ANY) else ()
                records = tuple(Resource(query.name, A, seconds, one) for one in wanted)
                return Answer(NOERROR if addresses else NXDOMAIN, records)
        return None

    def logged_in(self, name: str, who: str, password: str) -> bool:
        """Whether a login token is good for whoever logs in, as the service of the door says."""
        partition, account, region, service, resource = name.split("/", 4)
        found = self._cloud.services.get(service)
        page = found.page("logged_in") if found is not None else None
        if page is None:
            return False
        try:
            token, caller = tokens.verified(password, self._cloud.secret_of, self._verifier, time.time())
            ctx = Context(self._cloud.dispatch, service, "connect", Scope(partition, account, region), caller)
            ctx.origin = Origin(ids.uuid(self._cloud.dispatch.ids), secure=True)
            with ctx.begin():
                page(ctx, resource, who, token)
            return True
        except AwsError as error:
            # The client hears no more than that it failed.
            _LOG.warning("%r is not let in: %s: %s", who, error.code, error.message.partition("\n")[0])
            return False

    def page(self, request: Request, name: str) -> Awaitable[Response] | Response | None:
        """What is answered here and is no operation: metadata, and the address that the internet sees of who asks."""
        if name.startswith("metadata "):
            return self.metadata(request, name)
        if request.headers.get("host", "").partition(":")[0] == _CHECK_IP:
            return Response(200, [("content-type", "text/plain")], f"{request.peer}\n".encode())
        return None

    async def metadata(self, request: Request, name: str) -> Response:
        """What the metadata service says to an interface of a VPC."""
        found = self._cloud.services.get("ec2")
        page = found.page("metadata") if found is not None else None
        ctx, vpc_id = self._context(name.partition(" ")[2])
        ctx.origin = Origin(ids.uuid(self._cloud.dispatch.ids), request.peer)
        if page is None:
            return Response(404, [])
        with ctx.begin():
            response: Response = page(ctx, vpc_id, request)
        return response

    def through(self, origin: Origin, name: str) -> Origin:
        """A request's origin with the endpoint that it came through, and what that one lets through."""
        found = self._cloud.services.get("ec2")
        page = found.page("endpoint_policy") if found is not None else None
        ctx, where = self._context(name.partition(" ")[2])
        vpc_id, _, endpoint_id = where.partition("/")
        if page is None or not endpoint_id:
            return origin
        with ctx.begin():
            policy: str = page(ctx, vpc_id, endpoint_id)
        return origin._replace(vpc=vpc_id, endpoint=endpoint_id, endpoint_policy=policy)

    def _context(self, name: str) -> tuple[Context, str]:
        """A context in the scope that a door's name begins with, and the rest of the name."""
        partition, account, region, where = name.split("/", 3)
        scope = Scope(partition, account, region)
        return Context(
            self._cloud.dispatch, "ec2", "inside", scope, callers.service("ec2.amazonaws.com", account)
        ), where


class _Ahead:
    """Plans of what is said of public zones, in the place of a context (`dns.server.Ahead`)."""

    def __init__(self, cloud: Cloud, ctx: Context, *, is_host: bool) -> None:
        self._cloud = cloud
        self._ctx = ctx
        self._is_host = is_host
        self._known: Plans | None = None
        self._drops = 0

    def plans(self) -> Plans:
        if self._known is None or self._drops != self._cloud.store.drops:
            page, self._drops = _page(self._cloud, "route53", "public_plans"), self._cloud.store.drops
            self._known = page(self._ctx, self._is_host) if page is not None else Plans()
        return self._known

    def plan(self, query: Query, asker: str) -> Plan | None:
        """None for names of services, and for what leads out of a zone, which are looked for in several places."""
        page = _page(self._cloud, "route53", "public_plan")
        if page is None or (self._is_host and any(_is_named(one.service.names, query) for one in self._cloud.services)):
            return None
        with self._ctx.begin():
            found: Plan | None = page(self._ctx, self._known, query, asker)
        answer = found.recipe.answer if found is not None and self._is_host else None
        return None if answer is not None and not answer.authority and _leads_on(answer, query) else found


def _page(cloud: Cloud, service: str, name: str) -> Callable[..., Any] | None:
    installed = cloud.services.get(service)
    return installed.page(name) if installed is not None else None


def _is_named(names: str, query: Query) -> bool:
    return bool(names and re.fullmatch(names, query.name))


def _leads_on(found: Answer, query: Query) -> bool:
    """Whether an answer ends in another name, of which more is to be said."""
    return bool(found.records) and _last(found).type == CNAME and query.type not in (CNAME, ANY)


def _last(found: Answer) -> Resource:
    """The last record of an answer, but for its signature."""
    signature = found.records[-1].type == RRSIG and len(found.records) > 1
    return found.records[-2 if signature else -1]
