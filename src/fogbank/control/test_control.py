"""What every call goes through: faults, checks, permissions, one transaction; events and reconcilers after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fogbank.aws.errors import AwsError, WorldError
from fogbank.aws.policy import Principal
from fogbank.clock import Clock
from fogbank.control import caller as callers
from fogbank.control.caller import Caller, Session
from fogbank.control.context import Context
from fogbank.control.fault import parsed
from fogbank.control.reconcile import After
from fogbank.control.seal import Seal, SealBroken
from fogbank.control.service import Services, folder_of, snake_case
from fogbank.control.session import Sessions, token_of
from fogbank.services.ssm.resources import Parameter
from fogbank.store.transaction import Transaction
from fogbank.testing import START, TestCloud

PUT = {"Name": "/a", "Value": "v", "Type": "String"}
NOBODY = Caller(
    principal=Principal(
        arn="arn:aws:iam::000000000000:user/nobody", account="000000000000", kind="user", user_id="AIDANOBODY"
    ),
    enforced=True,
)


def context(cloud: TestCloud, caller: Caller | None = None) -> Context:
    return cloud.cloud.context("ssm", "PutParameter", caller or callers.root("000000000000"))


def test_an_operation_without_code_says_so_by_name(cloud: TestCloud) -> None:
    with pytest.raises(AwsError) as caught:
        cloud.call("ssm", "CreateDocument", {"Content": "{}", "Name": "x"})
    assert (caught.value.code, caught.value.status) == ("NotImplemented", 501)
    assert "ssm:CreateDocument" in caught.value.message


def test_a_bug_is_loud_in_the_log_and_quiet_to_the_caller(
    cloud: TestCloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ctx: Context, name: str) -> None:
        ctx.put(Parameter(name="half", latest=None))  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr("fogbank.services.ssm.parameters.tell", lambda ctx, *more: broken(ctx, ""))
    with caplog.at_level(logging.ERROR), pytest.raises(AwsError) as caught:
        cloud.call("ssm", "PutParameter", PUT)
    assert (caught.value.code, caught.value.status) == ("InternalFailure", 500)
    assert "ZeroDivisionError" not in caught.value.message
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert cloud.call("ssm", "DescribeParameters")["Parameters"] == [], "nothing half-made is left"


def test_what_a_failed_inner_call_wrote_is_taken_back(cloud: TestCloud) -> None:
    ctx = context(cloud)
    with ctx.begin():
        ctx.call("ssm", "PutParameter", **PUT)
        with pytest.raises(AwsError, match="ParameterAlreadyExists"):
            ctx.call("ssm", "PutParameter", **PUT)
        ctx.call("ssm", "PutParameter", **{**PUT, "Name": "/b"})
    assert [found["Name"] for found in cloud.call("ssm", "DescribeParameters")["Parameters"]] == ["/a", "/b"]


def test_records_cannot_be_touched_outside_a_transaction(cloud: TestCloud) -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        context(cloud).get(Parameter, "/a")


def test_nobody_is_allowed_nothing_and_told_why(cloud: TestCloud) -> None:
    with pytest.raises(AwsError) as caught:
        cloud.call("ssm", "PutParameter", PUT, caller=NOBODY)
    assert (caught.value.code, caught.value.status) == ("AccessDeniedException", 400)
    assert caught.value.message == (
        "User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: ssm:PutParameter on resource: "
        "arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:PutParameter "
        "action"
    )


def test_an_aborted_change_of_policies_leaves_no_memory(cloud: TestCloud) -> None:
    user = cloud.call("iam", "CreateUser", {"UserName": "ann"})["User"]
    principal = Principal(arn=user["Arn"], account="000000000000", kind="user", user_id=user["UserId"])
    ann = Caller(principal=principal, enforced=True)
    everything = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    ctx = context(cloud)
    with pytest.raises(ZeroDivisionError), ctx.begin():
        ctx.call("iam", "PutUserPolicy", UserName="ann", PolicyName="all", PolicyDocument=everything)
        assert ctx.authorized_as(ann).call("ssm", "PutParameter", **PUT)["Version"] == 1
        raise ZeroDivisionError
    with pytest.raises(AwsError, match="AccessDeniedException"):
        cloud.call("ssm", "PutParameter", PUT, caller=ann)


def test_audit_lets_through_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    cloud = TestCloud(enforcement="audit")
    with caplog.at_level(logging.WARNING):
        cloud.call("ssm", "PutParameter", PUT, caller=NOBODY)
    assert "would be denied: User: arn:aws:iam::000000000000:user/nobody" in caplog.text
    cloud.close()


def test_off_asks_nobody() -> None:
    cloud = TestCloud(enforcement="off")
    cloud.call("ssm", "PutParameter", PUT, caller=NOBODY)
    cloud.close()


def test_an_api_fault_hits_what_it_names_until_it_ends(cloud: TestCloud) -> None:
    faults = cloud.cloud.dispatch.faults
    values: dict[str, object] = {
        "service": "ssm",
        "operation": "PutParameter",
        "error": "ThrottlingException",
        "seconds": 60,
    }
    faults.add(parsed(values, "f1", cloud.clock.now()))
    with pytest.raises(AwsError, match="ThrottlingException"):
        cloud.call("ssm", "PutParameter", PUT)
    assert cloud.call("ssm", "DescribeParameters")["Parameters"] == []
    cloud.advance(61)
    cloud.call("ssm", "PutParameter", PUT)


def test_a_fault_with_a_rate_hits_some(cloud: TestCloud) -> None:
    cloud.cloud.dispatch.faults.add(parsed({"error": "InternalServerError", "rate": 0.5}, "f1", START))
    hits = 0
    for _ in range(100):
        try:
            cloud.call("ssm", "DescribeParameters")
        except AwsError:
            hits += 1
    assert 20 < hits < 80
    assert cloud.cloud.dispatch.faults.remove() == 1
    cloud.call("ssm", "DescribeParameters")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"error": "X", "rate": 2},
        {"error": "X", "colour": "red"},
        {"delay_seconds": "x"},
        {"error": "X", "status": 42},
        {"delay_seconds": -5},
        {"delay_seconds": 1e300},
        {"error": "X", "seconds": -1},
        {"error": "X", "id": "y"},
    ],
)
def test_faults_that_make_no_sense(values: dict[str, object]) -> None:
    with pytest.raises(AwsError, match="ValidationException"):
        parsed(values, "f1", START)


class Sink:
    """Takes events, after it has refused some."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tries = 0
        self.delivered: list[Mapping[str, Any]] = []
        self.came = asyncio.Event()

    def wants(self, ctx: Context) -> bool:
        return True

    def deliver(self, transaction: Transaction, event: Mapping[str, Any]) -> None:
        self.tries += 1
        if self.tries <= self.failures:
            raise OSError("not now")
        self.delivered.append(event)
        self.came.set()


def test_events_are_delivered_after_the_commit_and_again_after_a_failure(cloud: TestCloud) -> None:
    sink = Sink(failures=1)
    cloud.cloud.dispatch.outbox.sink = sink
    ctx = context(cloud)
    with pytest.raises(ZeroDivisionError), ctx.begin():
        ctx.emit("Never", {})
        raise ZeroDivisionError
    cloud.call("ssm", "PutParameter", PUT)
    cloud.run(asyncio.wait_for(sink.came.wait(), 10))
    assert [event["detail-type"] for event in sink.delivered] == ["Parameter Store Change"]
    assert sink.tries == 2


def test_events_survive_a_restart(tmp_path: Path) -> None:
    first = TestCloud(ephemeral=False, state=str(tmp_path))
    first.cloud.dispatch.outbox.sink = Sink(failures=1_000)
    ctx = context(first)
    with ctx.begin():
        ctx.emit("Told", {"number": 1})
    first.close()
    second = TestCloud(ephemeral=False, state=str(tmp_path))
    assert [event["detail"] for event in second.events()] == [{"number": 1}]
    second.close()


class Watch:
    """A reconciler that notes what it is told, and answers as it is told to."""

    def __init__(self, cloud: TestCloud, *answers: After | Exception | None) -> None:
        self.told: list[str] = []
        self.answers = list(answers)
        cloud.cloud.reconcile._reconcilers["ssm/parameter"] = ("ssm", self)

    async def __call__(self, ctx: Context, key: str) -> After | None:
        self.told.append(key)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_reconciler_is_told_the_key_after_each_commit(cloud: TestCloud) -> None:
    watch = Watch(cloud)
    cloud.call("ssm", "PutParameter", PUT)
    cloud.run(cloud.cloud.settled())
    with pytest.raises(AwsError):
        cloud.call("ssm", "PutParameter", PUT)
    cloud.run(cloud.cloud.settled())
    assert watch.told == ["/a"]


def test_a_reconciler_is_told_again_when_its_time_is_over(cloud: TestCloud) -> None:
    watch = Watch(cloud, After(60.0), None)
    cloud.call("ssm", "PutParameter", PUT)
    cloud.advance(59)
    assert len(watch.told) == 1
    cloud.advance(2)
    assert len(watch.told) == 2
    cloud.advance(1000)
    assert len(watch.told) == 2


@pytest.mark.parametrize("failure", [WorldError("no route"), ZeroDivisionError()])
def test_a_reconciler_that_fails_is_told_again_ever_later(
    cloud: TestCloud, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch(cloud, failure, failure, None)
    cloud.call("ssm", "PutParameter", PUT)
    cloud.advance(0.5)
    assert len(watch.told) == 1
    cloud.advance(0.6)
    assert len(watch.told) == 2
    cloud.advance(1.1)
    assert len(watch.told) == 2, "the second pause is longer"
    cloud.advance(1.0)
    assert len(watch.told) == 3
    assert "ssm/parameter /a" in caplog.text


class Slow(Watch):
    """A reconciler that waits for the world until it is let go."""

    def __init__(self, cloud: TestCloud) -> None:
        super().__init__(cloud)
        self.let_go = asyncio.Event()
        self.begun: list[str] = []

    async def __call__(self, ctx: Context, key: str) -> After | None:
        self.begun.append(key)
        if key == "/slow":
            await self.let_go.wait()
        return await super().__call__(ctx, key)


def test_a_reconciler_that_waits_holds_up_no_other_key_and_is_never_doubled(cloud: TestCloud) -> None:
    slow = Slow(cloud)

    async def story() -> None:
        call = cloud.cloud.call
        await call("ssm", "PutParameter", {**PUT, "Name": "/slow"})
        await call("ssm", "PutParameter", PUT)
        for _ in range(20):
            await asyncio.sleep(0)
        assert slow.told == ["/a"]
        await call("ssm", "PutParameter", {**PUT, "Name": "/slow", "Overwrite": True})
        for _ in range(20):
            await asyncio.sleep(0)
        assert slow.begun == ["/slow", "/a"], "one key is worked on once at a time"
        slow.let_go.set()
        await cloud.cloud.settled()
        assert slow.begun == ["/slow", "/a", "/slow"], "and once more for what came meanwhile"

    cloud.run(story())


def test_time_goes_from_timer_to_timer(cloud: TestCloud) -> None:
    seen: list[float] = []
    start = cloud.clock.now()

    def tick() -> None:
        seen.append(cloud.clock.now() - start)
        cloud.clock.call_at(cloud.clock.now() + 60, tick)

    cloud.clock.call_at(start + 60, tick)
    cloud.advance(3_650)
    assert seen == [60.0 * number for number in range(1, 61)]
    assert cloud.clock.now() == start + 3_650


class Index:
    """Something derived from records, for a key."""

    def __init__(self, *key: str) -> None:
        self.key = key


def test_what_is_held_is_made_once_for_each_key_and_anew_after_a_reset(cloud: TestCloud) -> None:
    ctx = cloud.cloud.context("ssm", "GetParameter", callers.root("000000000000"))
    first = ctx.held(Index, "a", "b")
    assert first.key == ("a", "b") and ctx.held(Index, "a", "b") is first
    assert ctx.held(Index, "c") is not first
    cloud.cloud.reset()
    assert ctx.held(Index, "a", "b") is not first


def test_two_clouds_live_in_one_process() -> None:
    one, two = TestCloud(), TestCloud()
    one.call("ssm", "PutParameter", PUT)
    with pytest.raises(AwsError, match="ParameterNotFound"):
        two.call("ssm", "GetParameter", {"Name": "/a"})
    one.close()
    two.close()


def test_reset_forgets_everything(cloud: TestCloud) -> None:
    cloud.call("ssm", "PutParameter", PUT)
    cloud.cloud.dispatch.faults.add(parsed({"error": "X"}, "f1", START))
    cloud.cloud.reset()
    with pytest.raises(AwsError, match="ParameterNotFound"):
        cloud.call("ssm", "GetParameter", {"Name": "/a"})


def session(**more: Any) -> Session:
    values = {"access_key_id": "ASIAX", "secret": "s", "issued_at": START, "expires_at": START + 900}
    return Session(principal=NOBODY.principal, **{**values, **more})


def test_a_session_token_carries_its_session_until_it_expires() -> None:
    seal = Seal(b"k" * 32)
    token = token_of(session(), seal)
    found = Sessions(seal).credential("ASIAX", token, START + 899)
    assert (found.secret, found.caller.arn, found.caller.enforced) == ("s", NOBODY.arn, True)
    with pytest.raises(AwsError, match="ExpiredToken"):
        Sessions(seal).credential("ASIAX", token, START + 900)


@pytest.mark.parametrize("case", ["other key", "other machine", "tampered", "nonsense"])
def test_a_session_token_that_is_not_ours(case: str) -> None:
    seal = Seal(b"k" * 32)
    token = token_of(session(), seal)
    bad = {"tampered": token[:-8] + "AAAAAAA=", "nonsense": "%%%"}.get(case, token)
    sessions = Sessions(Seal(b"x" * 32) if case == "other machine" else seal)
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        sessions.credential("ASIAY" if case == "other key" else "ASIAX", bad, START)


def test_a_seal_opens_only_for_its_purpose(tmp_path: Path) -> None:
    path = tmp_path / "state" / "machine.key"
    sealed = Seal.load_or_create(path).seal(b"secret", "kms key 1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"secret" not in sealed
    again = Seal.load_or_create(path)
    assert again.unseal(sealed, "kms key 1") == b"secret"
    with pytest.raises(SealBroken):
        again.unseal(sealed, "kms key 2")
    with pytest.raises(SealBroken):
        again.unseal(b"short", "kms key 1")


def test_services_are_found_by_their_folders() -> None:
    services = Services("fogbank.services")
    assert "ssm" in services.names and services.get("ssm") is services.get("ssm")
    assert services.get("nothing") is None
    assert (folder_of("lambda"), folder_of("cognito-idp")) == ("lambda_", "cognito_idp")
    assert snake_case("GetParametersByPath") == "get_parameters_by_path"


def test_cloud_time_ends_before_dates_cannot_be_told() -> None:
    clock = Clock(frozen_at=START)
    with pytest.raises(ValueError, match="year 8999"):
        clock.advance(8_000 * 366 * 86_400)
    assert clock.now() == START


def test_timers_that_are_called_off_do_not_pile_up() -> None:
    clock = Clock(frozen_at=START)
    for _ in range(10_000):
        clock.call_at(START + 1e9, lambda: None).cancel()
    assert len(clock._timers) <= 1_024


def test_an_outbox_that_cannot_be_emptied_does_not_hold_up_the_loop(
    cloud: TestCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, store = cloud.cloud.dispatch.outbox, cloud.cloud.store
    with store.begin() as transaction:
        for number in range(100):
            event = {"account": "000000000000", "region": "us-east-1", "time": 0.0}
            transaction.put_item("fogbank/outbox", f"{number:016d}", msgspec.msgpack.encode(event))
    store.flush()

    def refuse(batch: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(store._log, "commit", refuse)
        with pytest.raises(OSError, match="disk full"):
            outbox._deliver_page()
    assert outbox._deliver_page()
    assert not outbox._deliver_page()
