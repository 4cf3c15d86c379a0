"""Parameter groups of instances: made, shown, changed, deleted; and the parameters of those that nobody made."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.rds import parameter_groups
from fogbank.services.rds.parameter_groups import OF_INSTANCES


def create_db_parameter_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.create(ctx, OF_INSTANCES, req)


def describe_db_parameter_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.show(ctx, OF_INSTANCES, req)


def describe_db_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.show_parameters(ctx, OF_INSTANCES, req)


def modify_db_parameter_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.modify(ctx, OF_INSTANCES, req)


def reset_db_parameter_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.reset(ctx, OF_INSTANCES, req)


def copy_db_parameter_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.copy(ctx, OF_INSTANCES, req)


def delete_db_parameter_group(ctx: Context, req: dict[str, Any]) -> None:
    parameter_groups.delete(ctx, OF_INSTANCES, req)


def describe_engine_default_parameters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return parameter_groups.show_defaults(ctx, OF_INSTANCES, req)
