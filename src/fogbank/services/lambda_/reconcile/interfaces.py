"""Interfaces of functions go when no function is in them any more."""

from __future__ import annotations

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.control.reconcile import After
from fogbank.services.lambda_ import interfaces
from fogbank.services.lambda_.resources import Interface

_LOOK_SECONDS = 300.0
"""Between two looks at whether an interface is still needed: a function that is made anew finds it again."""


async def interface(ctx: Context, key: str) -> After | None:
    subnet, groups = key.split("\x00")
    with ctx.begin():
        found = ctx.get(Interface, subnet, groups)
        if found is None:
            return None
        if interfaces.is_used(ctx, found):
            return After(_LOOK_SECONDS)
        own = ctx.as_service(Source("", ctx.account))
        try:
            own.call("ec2", "DeleteNetworkInterface", NetworkInterfaceId=found.id)
        except AwsError as error:
            if not error.code.endswith(".NotFound"):
                return After(_LOOK_SECONDS)
        ctx.delete(Interface, subnet, groups)
    return None
