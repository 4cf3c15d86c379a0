"""Parity: a service's table of refusals, and what holds the table to the service's model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.errors import refusal
from fogbank.control.service import Installed, folder_of
from fogbank.model.load import load
from fogbank.testing import TestCloud


class Case(NamedTuple):
    """A call that is refused: the error's code and message, and its status on the wire where that is not 400.

    `$NAME` stands in parameters and messages for what was made for the table under that name.
    """

    operation: str
    code: str
    message: str
    parameters: dict[str, Any]
    status: int = 400


class World(NamedTuple):
    """A cloud with what the cases speak of, and the names of that."""

    cloud: TestCloud
    names: Mapping[str, str]


Make = Callable[[TestCloud], Mapping[str, str]]
"""Makes what the cases speak of, and names it."""


class Parity:
    """What is provoked of a service's errors, and what is `excused`, by code or `Operation:code`, with the reason."""

    def __init__(self, service: str, cases: Sequence[Case], excused: Mapping[str, str]) -> None:
        self._service = service
        self._model = load(service)
        protocol = str(self._model.metadata["protocol"])
        # The model names an error by its shape, which is not always its code.
        shapes = {case.code: refusal(AwsError(case.code, ""), service, protocol).shape for case in cases}
        self._provoked = {(case.operation, shapes[case.code] or case.code) for case in cases}
        self._excused = excused
        installed = Installed(f"fogbank.services.{folder_of(service)}")
        self._done = [one.name for one in self._model.operations() if installed.operation(one.name) is not None]

    def refused(self, world: World, case: Case) -> tuple[str, str, int]:
        """The (code, message, status) that a case is answered with. Raises AssertionError where it is carried out."""
        try:
            world.cloud.call(self._service, case.operation, filled(case.parameters, world.names))
        except AwsError as error:
            message = error.message
            for name, text in world.names.items():
                message = message.replace(text, f"${name}") if text else message
            protocol = str(self._model.metadata["protocol"])
            wire = codec_for(self._service, protocol, case.operation).write_error(error, "r")
            return error.code, message, wire.status
        raise AssertionError(f"{case.operation} was carried out")

    def missing(self) -> list[str]:
        """The modelled errors of the operations that have code, which are neither provoked nor excused."""
        return [
            f"{name}:{code}"
            for name in self._done
            for code in self._model.operation(name).errors
            if (name, code) not in self._provoked and not {code, f"{name}:{code}"} & set(self._excused)
        ]

    def needless(self) -> list[str]:
        """Excuses for what is provoked, or for errors that there are not."""
        modelled = [(one.name, code) for one in self._model.operations() for code in one.errors]
        known = {f"{name}:{code}" for name, code in modelled} | {code for _, code in modelled}
        provoked = {f"{name}:{code}" for name, code in self._provoked}
        return [excuse for excuse in self._excused if excuse in provoked or excuse not in known]

    def silent(self) -> set[str]:
        """The operations that have code, and of which nothing is seen to be refused."""
        return set(self._done) - {name for name, _ in self._provoked}


def world(made: Make) -> Iterator[World]:
    """A cloud in which `made(cloud)` has made what the cases speak of, as the body of a fixture."""
    cloud = TestCloud()
    yield World(cloud, made(cloud))
    cloud.close()


def refusals(service: str, cases: Sequence[Case], excused: Mapping[str, str], made: Make) -> type:
    """The tests of a service's table, for a test module to name: `TestErrors = refusals(…)`."""
    parity = Parity(service, cases, excused)

    class Tests:
        @pytest.fixture(scope="class")
        @staticmethod
        def world() -> Iterator[World]:
            yield from world(made)

        @pytest.mark.parametrize("case", cases, ids=lambda case: f"{case.operation}-{case.code}")
        def test_it_is_refused(self, world: World, case: Case) -> None:
            assert parity.refused(world, case) == (case.code, case.message, case.status)

        def test_every_error_of_the_model_is_provoked_or_excused(self) -> None:
            assert parity.missing() == []

        def test_every_excuse_is_needed(self) -> None:
            assert parity.needless() == []

        def test_every_operation_that_can_refuse_is_seen_to(self) -> None:
            assert parity.silent() == set()

    return Tests


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Parameters with what was made in the place of its names."""
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if isinstance(value, str) and value.startswith("$") and value[1:] in names:
        return names[value[1:]]
    return value
