"""For stories: what they stand on, from a template beside them, and gone in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import botocore.exceptions

_POLL_SECONDS = 0.2


class Stack:
    """A stack of CloudFormation's; `with Stack(client, name, template) as stack: stack.apply(Lag="20ms")`."""

    def __init__(self, client: Any, name: str, template: Path) -> None:
        self._client = client
        self._name = name
        self._template = template
        self._is_made = False
        self._awaited = ""

    def apply(self, **parameters: object) -> dict[str, str]:
        """Make it, or change it to what the template says with these parameters; its outputs.

        Raises SystemExit with the reason where it cannot be.
        """
        self.begin(**parameters)
        return self.outputs()

    def begin(self, **parameters: object) -> None:
        """Have it made or changed, and do not wait: several come side by side."""
        request = {
            "StackName": self._name,
            "TemplateBody": self._template.read_text(),
            "Parameters": [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        if self._is_made:
            self._client.update_stack(**request)
        else:
            self._client.create_stack(**request)
        self._awaited = "stack_update_complete" if self._is_made else "stack_create_complete"
        self._is_made = True

    def adopted(self, deploy: Callable[[], object]) -> dict[str, str]:
        """Have somebody else make it, who waits until it is there; it goes in the end all the same. Its outputs."""
        self._is_made, self._awaited = True, "stack_exists"
        deploy()
        return self.outputs()

    def outputs(self) -> dict[str, str]:
        """What it says of itself, once it is there."""
        self._wait(self._awaited)
        (found,) = self._client.describe_stacks(StackName=self._name)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}

    def resources(self) -> Mapping[str, str]:
        """The physical ids of what it consists of, by the names in the template."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self._name)
        listed = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed}

    def delete(self) -> None:
        """Have it gone."""
        if self._is_made:
            self._client.delete_stack(StackName=self._name)
            self._wait("stack_delete_complete")
            self._is_made = False

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.delete()

    def _wait(self, state: str) -> None:
        waiter = self._client.get_waiter(state)
        waiter.config.delay, waiter.config.max_attempts = _POLL_SECONDS, int(300 / _POLL_SECONDS)
        try:
            waiter.wait(StackName=self._name)
        except botocore.exceptions.WaiterError as error:
            raise SystemExit(f"{self._name}: {error}: {'; '.join(self._reasons())}") from None

    def _reasons(self) -> list[str]:
        events = self._client.describe_stack_events(StackName=self._name)["StackEvents"]
        failed = [one for one in reversed(events) if one["ResourceStatus"].endswith("FAILED")]
        return [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}" for one in failed]
