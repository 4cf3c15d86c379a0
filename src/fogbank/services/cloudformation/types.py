"""CloudFormation's own resource types."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.resource_type import Functions, Properties, Wanted, of_functions
from fogbank.services.cloudformation.reconcile.nested import NESTED


def _address(ctx: Context, wanted: Wanted) -> str:
    return f"https://cloudformation-waitcondition-{ctx.region}.s3.amazonaws.com/{wanted.name}"


def _nothing(ctx: Context, identity: str, properties: Properties) -> None:
    """A handle is an address and nothing else."""


TYPES = (
    NESTED,
    of_functions(Functions("AWS::CloudFormation::WaitConditionHandle", create=_address, delete=_nothing)),
)
