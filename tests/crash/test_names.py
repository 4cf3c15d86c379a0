"""A batch of changes to a zone is whole or not at all after `kill -9`, in the records and on the wire."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fogbank.cli import dig
from fogbank.testing.process import CloudProcess

KILLS = 6
WRITERS = 4
MEMBERS = 12
ZONE = "crash.example"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state", dns_port=0)
    yield found
    found.kill()


def _client(cloud: CloudProcess) -> Any:
    return boto3.client(
        "route53",
        endpoint_url=cloud.card.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
    )


class Writer(threading.Thread):
    """Sends batches until the cloud is gone: all its records have the number of the batch, one name goes, one comes."""

    def __init__(self, cloud: CloudProcess, zone: str, number: int, last: int) -> None:
        super().__init__(name=f"writer-{number}")
        self.number = number
        self.acknowledged = self.begun = last
        self._zone = zone
        self._route53 = _client(cloud)

    def run(self) -> None:
        try:
            while True:
                self.begun += 1
                batch = {"Changes": list(changes(self.number, self.begun))}
                self._route53.change_resource_record_sets(HostedZoneId=self._zone, ChangeBatch=batch)
                self.acknowledged = self.begun
        except ClientError as error:
            raise AssertionError(f"a batch was refused: {error}") from error
        except (BotoCoreError, OSError):
            return
        finally:
            self._route53.close()


def changes(writer: int, batch: int) -> Iterator[dict[str, Any]]:
    for member in range(MEMBERS):
        yield {"Action": "UPSERT", "ResourceRecordSet": _text(f"r{member}.w{writer}.{ZONE}", batch)}
    if batch > 1:
        yield {"Action": "DELETE", "ResourceRecordSet": _text(f"b{batch - 1}.w{writer}.{ZONE}", batch - 1)}
    yield {"Action": "CREATE", "ResourceRecordSet": _text(f"b{batch}.w{writer}.{ZONE}", batch)}


def _text(name: str, batch: int) -> dict[str, Any]:
    return {"Name": name, "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": f'"{batch}"'}]}


def _named(writer: int, batch: int) -> dict[str, str]:
    """What a zone has of a writer after a batch, by name."""
    names = [f"r{member}" for member in range(MEMBERS)] + [f"b{batch}"]
    return {f"{name}.w{writer}.{ZONE}.": f'"{batch}"' for name in names} if batch else {}


def _records(route53: Any, zone: str) -> dict[str, str]:
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    rows = (one for page in pages for one in page["ResourceRecordSets"])
    return {one["Name"]: one["ResourceRecords"][0]["Value"] for one in rows if one["Type"] == "TXT"}


def _wire(cloud: CloudProcess) -> str:
    with urllib.request.urlopen(f"{cloud.card.url}/_fogbank/info", timeout=5) as page:
        return str(json.load(page)["dns"])


def _said(where: str, name: str) -> list[str]:
    return [one.data for one in dig.asked(where, name, "TXT").answer]


def _written_until_killed(cloud: CloudProcess, zone: str, last: dict[int, int]) -> list[Writer]:
    writers = [Writer(cloud, zone, number, last.get(number, 0)) for number in range(WRITERS)]
    for one in writers:
        one.start()
    killing = threading.Timer(random.uniform(0.05, 0.6), cloud.kill)
    killing.start()
    for one in (*writers, killing):
        one.join()
    return writers


def test_a_batch_is_there_whole_or_not_at_all_after_kill_9(cloud: CloudProcess) -> None:
    cloud.start()
    made = _client(cloud).create_hosted_zone(Name=ZONE, CallerReference="crash")
    zone, last = made["HostedZone"]["Id"], dict[int, int]()
    deadline = time.monotonic() + 120
    for _ in range(KILLS):
        writers = _written_until_killed(cloud, zone, last)
        cloud.start()
        found, where = _records(_client(cloud), zone), _wire(cloud)
        for one in writers:
            last[one.number] = one.acknowledged
            if _named(one.number, one.begun).items() <= found.items():
                # What was sent and not acknowledged may have been done.
                last[one.number] = one.begun
        wanted = {name: value for number, batch in last.items() for name, value in _named(number, batch).items()}
        assert found == wanted, "a batch was torn, lost, or invented"
        for one in writers:
            before = last[one.number]
            assert {name: _said(where, name) for name in _named(one.number, before)} == {
                name: [value] for name, value in _named(one.number, before).items()
            }
            assert _said(where, f"b{before + 1}.w{one.number}.{ZONE}") == []
        count = _client(cloud).get_hosted_zone(Id=zone)["HostedZone"]["ResourceRecordSetCount"]
        assert count == len(found) + 2
        assert time.monotonic() < deadline
    assert min(last.values()) > 0 and sum(last.values()) > WRITERS * KILLS


@pytest.mark.parametrize(("point", "is_there"), [("store.before-commit", False), ("store.after-commit", True)])
def test_a_batch_is_whole_at_either_side_of_its_commit(cloud: CloudProcess, point: str, is_there: bool) -> None:
    cloud.start()
    made = _client(cloud).create_hosted_zone(Name=ZONE, CallerReference="crash")
    zone = made["HostedZone"]["Id"]
    cloud.kill()
    cloud.start({"FOGBANK_FAULT_POINT": point})
    with pytest.raises((BotoCoreError, OSError)):
        _client(cloud).change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": list(changes(0, 1))})
    assert cloud.wait(10)
    cloud.start()
    wanted = _named(0, 1) if is_there else {}
    assert _records(_client(cloud), zone) == wanted
    assert {name: _said(_wire(cloud), name) for name in _named(0, 1)} == {
        name: [wanted[name]] if is_there else [] for name in _named(0, 1)
    }
