"""Functions, versions and aliases: found by what clients call them, written, and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.lambda_ import environments, interfaces, references, rules, variables
from fogbank.services.lambda_.references import Reference
from fogbank.services.lambda_.resources import (
    LATEST,
    Alias,
    Configuration,
    EventSettings,
    Function,
    FunctionUrl,
    Mapped,
    Policy,
    Provisioned,
    Version,
)


class Found(NamedTuple):
    """A function where it lives, and what of it was asked for."""

    home: Context
    function: Function
    qualifier: str

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def arn(self) -> str:
        """The function's, with the qualifier that was asked for, if there was one."""
        return arn(self.home, self.name, self.qualifier)


def arn(ctx: Context, name: str, qualifier: str = "") -> str:
    return ctx.arn(f"function:{name}:{qualifier}" if qualifier else f"function:{name}", "lambda")


def home_of(ctx: Context, asked: Reference) -> Context:
    """The scope that a reference means."""
    region, account = asked.region or ctx.region, asked.account or ctx.account
    return ctx if (region, account) == (ctx.region, ctx.account) else ctx.at(region, account)


def find(ctx: Context, name: str, qualifier: str | None = None) -> Found:
    """The function that a FunctionName and a Qualifier mean, whose qualifier need not be there.

    Raises ResourceNotFoundException, and what `references.parsed` raises.
    """
    asked = references.parsed(name, qualifier)
    home = home_of(ctx, asked)
    function = home.get(Function, asked.name)
    if function is None:
        raise rules.no_function(arn(home, asked.name, asked.qualifier))
    return Found(home, function, asked.qualifier)


def own(ctx: Context, req: dict[str, Any], *, plain: bool = False) -> Found:
    """`find` for the members of a request; `plain` refuses qualifiers other than $LATEST."""
    found = find(ctx, req["FunctionName"], req.get("Qualifier"))
    if plain and found.qualifier not in ("", references.LATEST):
        raise rules.invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return found._replace(qualifier="") if plain else found


def latest(found: Found) -> Version:
    version = found.home.get(Version, found.name, LATEST)
    if version is None:
        raise rules.no_function(found.arn)
    return version


def numbered(found: Found, number: int) -> Version | None:
    return found.home.get(Version, found.name, number)


def alias_of(found: Found) -> Alias | None:
    """The alias that was asked for, None where it was no alias."""
    if not found.qualifier or references.is_number(found.qualifier):
        return None
    alias = found.home.get(Alias, found.name, found.qualifier)
    if alias is None:
        raise rules.no_function(found.arn)
    return alias


def version_of(found: Found, roll: float | None = None) -> Version:
    """The version that was asked for; of an alias the one that a roll chooses, its first without one.

    Raises ResourceNotFoundException.
    """
    qualifier = found.qualifier
    if not qualifier or qualifier == references.LATEST:
        return latest(found)
    if qualifier.isdigit():
        version = numbered(found, int(qualifier)) if int(qualifier) else None
    else:
        alias = alias_of(found)
        assert alias is not None
        number = rules.chosen(alias.weights, alias.version, roll) if roll is not None else alias.version
        version = numbered(found, number)
    if version is None:
        raise rules.no_function(found.arn)
    return version


def check_revision(asked: str | None, revision: str) -> None:
    """Raises PreconditionFailedException."""
    if asked and asked != revision:
        raise rules.changed()


def change(found: Found, version: Version, **changes: Any) -> Version:
    """Write what can be changed anew, as another revision: environments of the old one get no more events."""
    home = found.home
    changed = msgspec.structs.replace(
        version, **{"revision": home.uuid(), "modified_at": home.now, "is_changed": True, **changes}
    )
    home.put(changed)
    pool = environments.pool(home)
    home.after_commit(lambda: pool.retire(home.scope, found.name, version.revision))
    interfaces.look(home, version.configuration.vpc)
    return changed


def publish(found: Found, description: str | None = None) -> Version:
    """The newest version, which is a new one if anything has changed since the last."""
    home, now = found.home, latest(found)
    function = home.get(Function, found.name) or found.function
    if not now.is_changed:
        last = next(iter(home.scan(Version, found.name, reverse=True)))
        if last.number:
            return last
    number = function.versions + 1
    configuration = now.configuration
    if description is not None:
        configuration = msgspec.structs.replace(configuration, description=description)
    made = msgspec.structs.replace(now, number=number, configuration=configuration, revision=home.uuid())
    home.put(made)
    home.put(msgspec.structs.replace(now, is_changed=False))
    home.put(msgspec.structs.replace(function, versions=number))
    return made


def drop_code(found: Found, version: Version) -> None:
    """The code of a version that has just been written anew or taken away goes, if no other version has it."""
    home, blob = found.home, version.code.blob
    if any(one.code.blob == blob for one in home.scan(Version, found.name)):
        return
    home.transaction.drop_blob(blob)


def remove(found: Found) -> None:
    """Take a function away with all that is its own."""
    home, name = found.home, found.name
    grants = {version.configuration.granted: version.configuration for version in home.scan(Version, name)}
    for configuration in grants.values():
        variables.retire(home, name, configuration)
    for version in list(home.scan(Version, name)):
        remove_version(found, version)
    for kind in (Alias, EventSettings, FunctionUrl, Policy, Provisioned):
        for row in list(home.scan(kind, name)):
            home.delete(kind, name, row.name if isinstance(row, Alias) else row.qualifier)  # type: ignore[attr-defined]
    wake_mappings(home, name)
    home.delete(Function, name)
    held = environments.reservations(home)
    home.after_commit(lambda: held.set(name, None))


def wake_mappings(home: Context, name: str) -> None:
    """A mapping outlives its function, and is at work again when there is another of that name."""
    for mapped in home.find(Mapped, "by_function", name):
        home.after_commit(home.waker(Mapped, mapped.id))


def remove_version(found: Found, version: Version) -> None:
    home = found.home
    home.delete(Version, found.name, version.number)
    drop_code(found, version)
    pool = environments.pool(home)
    home.after_commit(lambda: pool.retire(home.scope, found.name, version.revision))
    interfaces.look(home, version.configuration.vpc)


def versions(found: Found) -> Iterator[Version]:
    """All of them, the one that can be changed first."""
    return found.home.scan(Version, found.name)


def configured(version: Version, **changes: Any) -> Configuration:
    return msgspec.structs.replace(version.configuration, **changes)
