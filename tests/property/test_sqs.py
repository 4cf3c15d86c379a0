"""SQS against a model of some dozen lines, under random calls and moves of time."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

RETENTION = 120
VISIBILITY = 10
GROUPS = ("a", "b", "c")


class Entry:
    """A message as the model has it."""

    def __init__(self, body: str, group: str, sent_at: float, visible_at: float) -> None:
        self.body, self.group, self.sent_at, self.visible_at = body, group, sent_at, visible_at
        self.receives = 0
        self.handle = ""


class Queues(RuleBasedStateMachine):
    """One queue; `entries` is what should be in it, in the order of sending."""

    fifo = False

    @initialize()
    def begin(self) -> None:
        self.cloud = TestCloud()
        attributes = {"VisibilityTimeout": str(VISIBILITY), "MessageRetentionPeriod": str(RETENTION)}
        if self.fifo:
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        name = "q.fifo" if self.fifo else "q"
        self.url = self.cloud.call("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes})["QueueUrl"]
        self.entries: list[Entry] = []
        self.old: list[str] = []
        self.number = 0

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloud.call("sqs", operation, {"QueueUrl": self.url, **params})

    @property
    def now(self) -> float:
        return self.cloud.clock.now()

    def live(self) -> list[Entry]:
        self.entries = [entry for entry in self.entries if self.now < entry.sent_at + RETENTION]
        return self.entries

    def is_blocked(self, group: str) -> bool:
        return any(one.group == group and one.receives and one.visible_at > self.now for one in self.live())

    def may_receive(self) -> list[Entry]:
        seen = [entry for entry in self.live() if entry.visible_at <= self.now]
        return [entry for entry in seen if not (self.fifo and self.is_blocked(entry.group))]

    @rule(group=st.sampled_from(GROUPS), delay=st.sampled_from([0, 0, 0, 5]))
    def send(self, group: str, delay: int) -> None:
        self.number += 1
        body = str(self.number)
        more: dict[str, Any] = {"MessageGroupId": group} if self.fifo else {"DelaySeconds": delay}
        self.call("SendMessage", MessageBody=body, **more)
        self.entries.append(Entry(body, group, self.now, self.now + (0 if self.fifo else delay)))

    @rule(number=st.integers(1, 10), visibility=st.sampled_from([0, VISIBILITY, 25]))
    def receive(self, number: int, visibility: int) -> None:
        possible = self.may_receive()
        answer = self.call(
            "ReceiveMessage", MaxNumberOfMessages=number, VisibilityTimeout=visibility, AttributeNames=["All"]
        )
        received = answer.get("Messages", [])
        assert len(received) == min(number, len(possible)), "what can be had is had"
        by_body = {entry.body: entry for entry in possible}
        for message in received:
            entry = by_body.pop(message["Body"])
            if self.fifo:
                earlier = [one for one in possible if one.group == entry.group and one.sent_at <= entry.sent_at]
                assert all(one.body not in by_body or int(one.body) > int(entry.body) for one in earlier), (
                    "in the order of its group"
                )
            entry.receives += 1
            assert message["Attributes"]["ApproximateReceiveCount"] == str(entry.receives)
            if entry.handle:
                self.old.append(entry.handle)
            entry.handle, entry.visible_at = message["ReceiptHandle"], self.now + visibility

    @precondition(lambda self: any(entry.handle for entry in self.entries))
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        entry = data.draw(st.sampled_from([entry for entry in self.entries if entry.handle]))
        is_gone = entry not in self.live()
        is_late = entry.visible_at <= self.now
        try:
            self.call("DeleteMessage", ReceiptHandle=entry.handle)
        except AwsError as error:
            assert self.fifo and is_late and not is_gone, error
            return
        assert is_gone or not (self.fifo and is_late)
        self.entries = [one for one in self.entries if one is not entry]

    @precondition(lambda self: bool(self.old))
    @rule(data=st.data())
    def delete_with_an_old_handle(self, data: Any) -> None:
        try:
            self.call("DeleteMessage", ReceiptHandle=data.draw(st.sampled_from(self.old)))
        except AwsError as error:
            assert self.fifo and error.code == "InvalidParameterValue"

    @precondition(lambda self: any(entry.handle for entry in self.entries))
    @rule(data=st.data(), seconds=st.sampled_from([0, 3, 40]))
    def change(self, data: Any, seconds: int) -> None:
        entry = data.draw(st.sampled_from([entry for entry in self.entries if entry.handle]))
        is_gone = entry not in self.live()
        try:
            self.call("ChangeMessageVisibility", ReceiptHandle=entry.handle, VisibilityTimeout=seconds)
        except AwsError as error:
            assert error.code == ("InvalidParameterValue" if is_gone else "MessageNotInflight")
            assert is_gone or entry.visible_at <= self.now
            return
        assert entry.visible_at > self.now
        entry.visible_at = self.now + seconds

    @rule(seconds=st.sampled_from([1, 5, 10, 60]))
    def advance(self, seconds: int) -> None:
        self.cloud.advance(seconds)

    @invariant()
    def the_counts_are_exact(self) -> None:
        if not hasattr(self, "url"):
            return
        hidden = [entry for entry in self.live() if entry.visible_at > self.now]
        flights = sum(1 for entry in hidden if entry.receives)
        found = self.call("GetQueueAttributes", AttributeNames=["All"])["Attributes"]
        assert [
            int(found["ApproximateNumberOfMessages"]),
            int(found["ApproximateNumberOfMessagesNotVisible"]),
            int(found["ApproximateNumberOfMessagesDelayed"]),
        ] == [len(self.entries) - len(hidden), flights, len(hidden) - flights]

    def teardown(self) -> None:
        if hasattr(self, "cloud"):
            self.cloud.close()


class FifoQueues(Queues):
    fifo = True


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
TestFifoQueues = FifoQueues.TestCase
TestFifoQueues.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
