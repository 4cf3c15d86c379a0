"""A service as a folder: its operations found by name, imported on first use."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fogbank.store.records import Record

if TYPE_CHECKING:
    from fogbank.control.context import Context
    from fogbank.control.resource_type import ResourceType

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_KEYS: Mapping[str, Any] = {}


class Need(NamedTuple):
    """One thing that a call must be allowed: an action on a resource.

    `policy` is the resource's own policy as JSON text, empty for none; `rule` says whether it must allow ("required":
    key policies, trust policies) or may ("optional"). `context` holds condition keys of the service, in lower case.
    """

    action: str
    resource: str = "*"
    account: str = ""
    """The account that owns the resource; empty for the caller's own."""
    policy: str = ""
    rule: str = "optional"
    context: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = _NO_KEYS
    """The keys, or what makes them: most decisions never ask."""
    grants_allow: bool = False


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What a service's folder says of itself."""

    name: str
    """botocore's name of the service."""
    actions: str = ""
    """Prefix of its IAM actions, where that is not `name`."""
    metrics: str = ""
    """The CloudWatch namespace of what it measures of itself (`AWS/SQS`)."""
    pages: tuple[str, ...] = ()
    """Beginnings of paths that `pages.py` answers, beside the API."""
    hosts: str = ""
    """A regular expression of the hosts that `pages.py` answers for (websites)."""
    names: str = ""
    """An expression of the names whose addresses `pages.addresses(ctx, vpc_id, name)` gives to a VPC's resolver."""
    reconcilers: Mapping[str, str] = {}
    """Record kind -> the function of `reconcile.py` that is told its keys."""
    network: str = ""
    """The function of `reconcile.py` that tells every part of the network in a scope: what a start adopts."""
    engines: bool = False
    """Whether its records need engines: `reconcile.engines(ctx)` tells the names of those of a scope."""
    defaults: bool = False
    """Whether `defaults.py` has a `defaults(ctx)`, run when an account first uses the service in a region."""
    dry_run: bool = False
    """Whether its operations take `DryRun`: everything is done, and undone, and the answer is an error."""
    replays: bool = False
    """Whether `tokens.py` has a `replayed(ctx, req, run)`, for requests that bring a ClientToken of their own."""
    upgrades: Mapping[str, Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
    """Record kind -> version -> what turns a row of that version into one of the next."""

    @property
    def action_prefix(self) -> str:
        return self.actions or self.name


class MustWait(Exception):
    """Raised by the quick form of an operation for a request that only its waiting form can answer."""


class Operation(NamedTuple):
    """The code behind an operation; `waits` for data operations, which are coroutines.

    One that waits may have a `quick` form too, of the same name in `operations`, for requests that need not wait.
    """

    run: Callable[[Context, dict[str, Any]], Any]
    waits: bool
    quick: Callable[[Context, dict[str, Any]], Any] | None = None


class Installed:
    """A service whose folder is there; its modules are imported when they are first needed."""

    def __init__(self, package: str) -> None:
        self._package = package
        self.service: Service = importlib.import_module(package).SERVICE
        self._operations: dict[str, Operation] | None = None
        self._needs: Callable[[Context, str, dict[str, Any]], Iterable[Need]] | None = None

    @property
    def operations(self) -> dict[str, Operation]:
        """Every operation that has code, by its name in snake case."""
        if self._operations is None:
            found: dict[str, Operation] = {}
            for name, operation in self._found():
                before = found.get(name)
                found[name] = operation if before is None else operation._replace(quick=before.run)
            self._operations = found
            permissions = self._module("permissions")
            self._needs = permissions.needs if permissions else None
        return self._operations

    def operation(self, name: str) -> Operation | None:
        """The code of an operation, by its API name (`PutParameter`)."""
        return self.operations.get(snake_case(name))

    def needs(self, ctx: Context, req: dict[str, Any]) -> Iterable[Need]:
        """What a call must be allowed: what `permissions.py` says, else the action of the operation's name on `*`."""
        if self.operations and self._needs is not None:
            return self._needs(ctx, ctx.operation, req)
        return (Need(f"{self.service.action_prefix}:{ctx.operation}"),)

    async def reconcile(self, kind: str, ctx: Context, key: str) -> Any:
        """Have the reconciler of a kind look at a key; it is imported when the first key is told."""
        function = getattr(importlib.import_module(f"{self._package}.reconcile"), self.service.reconcilers[kind])
        return await function(ctx, key)

    def network(self, ctx: Context) -> Mapping[str, Any]:
        """Every part of the network that this service wants in a scope."""
        module = importlib.import_module(f"{self._package}.reconcile")
        parts: Mapping[str, Any] = getattr(module, self.service.network)(ctx)
        return parts

    def engines(self, ctx: Context) -> Iterable[str]:
        """The names of every engine that this service needs in a scope."""
        names: Iterable[str] = importlib.import_module(f"{self._package}.reconcile").engines(ctx)
        return names

    def reconcilers(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        """(record kind, coroutine function told a context and a key) of each of the service's reconcilers."""
        for kind, name in self.service.reconcilers.items():
            yield kind, getattr(importlib.import_module(f"{self._package}.reconcile"), name)

    def defaults(self, ctx: Context) -> None:
        """Make what an account finds in a region that it has not used."""
        importlib.import_module(f"{self._package}.defaults").defaults(ctx)

    def replayed(
        self, ctx: Context, req: dict[str, Any], run: Callable[[Context, dict[str, Any]], Any]
    ) -> dict[str, Any] | None:
        """Run an operation, unless its ClientToken says that it has been run."""
        answer: dict[str, Any] | None = importlib.import_module(f"{self._package}.tokens").replayed(ctx, req, run)
        return answer

    def resource_types(self) -> Iterator[ResourceType]:
        """What CloudFormation may make of this service: the `TYPES` of its `types.py`."""
        yield from getattr(self._module("types"), "TYPES", ())

    def page(self, name: str) -> Callable[..., Any] | None:
        """A function of the service's `pages.py`, None if it has none of this name."""
        return getattr(self._module("pages"), name, None)

    def record_kinds(self) -> Iterator[type[Record]]:
        """Every record class that `resources.py` defines."""
        module = self._module("resources")
        for value in vars(module).values() if module else ():
            if inspect.isclass(value) and issubclass(value, Record) and value is not Record:
                yield value

    def _found(self) -> Iterator[tuple[str, Operation]]:
        for part in ("operations", "data"):
            for module in _with_submodules(self._module(part)):
                yield from _functions(module)

    def _module(self, part: str) -> ModuleType | None:
        name = f"{self._package}.{part}"
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            return None


class Services:
    """The services whose folders are in a package, by botocore's names."""

    def __init__(self, package: str) -> None:
        self._package = package
        path = importlib.import_module(package).__path__
        self.names = tuple(
            sorted(found.name.rstrip("_").replace("_", "-") for found in pkgutil.iter_modules(path) if found.ispkg)
        )
        self._installed: dict[str, Installed] = {}
        self._types: dict[str, ResourceType] | None = None

    def get(self, name: str) -> Installed | None:
        """A service by botocore's name, None if it has no folder."""
        found = self._installed.get(name)
        if found is None and name in self.names:
            found = self._installed[name] = Installed(f"{self._package}.{folder_of(name)}")
        return found

    def resource_type(self, name: str) -> ResourceType | None:
        """A type of CloudFormation's, by its name."""
        if self._types is None:
            self._types = {one.name: one for installed in self for one in installed.resource_types()}
        return self._types.get(name)

    def resource_type_names(self) -> list[str]:
        """The names of all types that there are."""
        self.resource_type("")
        return sorted(self._types or ())

    def __iter__(self) -> Iterator[Installed]:
        for name in self.names:
            if (found := self.get(name)) is not None:
                yield found


def folder_of(name: str) -> str:
    """The folder of a service: `lambda` is a word of Python's, so that its folder is `lambda_`."""
    folder = name.replace("-", "_")
    return f"{folder}_" if folder in {"lambda"} else folder


def snake_case(name: str) -> str:
    """`GetParametersByPath` -> `get_parameters_by_path`."""
    return _WORD_START.sub("_", name).lower()


def _functions(module: ModuleType) -> Iterator[tuple[str, Operation]]:
    """The public functions that a module defines itself."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_":
            yield name, Operation(value, inspect.iscoroutinefunction(value))


def _with_submodules(module: ModuleType | None) -> Iterator[ModuleType]:
    if module is None:
        return
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield importlib.import_module(f"{module.__name__}.{found.name}")
