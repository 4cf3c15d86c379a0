"""Query logs of what really comes by UDP and TCP, with an SDK on one side and dig on the other."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from fogbank.testing import Served

GROUP, ACCOUNT = "/aws/route53/lines", "530530530532"


@pytest.fixture
def own() -> Iterator[Served]:
    """A cloud of the test's own, since its time is moved."""
    found = Served()
    yield found
    found.close()


def _advance(served: Served, seconds: float) -> None:
    body, headers = json.dumps({"advance_seconds": seconds}).encode(), {"content-type": "application/json"}
    request = urllib.request.Request(f"{served.url}/_fogbank/clock", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def _client(served: Served, service: str) -> Any:
    credentials = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=served.url, **credentials)


def _dig(served: Served, *words: str) -> None:
    host, _, port = served.cloud.names.at.rpartition(":")
    subprocess.run(["dig", f"@{host}", "-p", port, "+short", *words], capture_output=True, check=True, timeout=60)


@pytest.mark.skipif(shutil.which("dig") is None, reason="no dig here: install bind9-dnsutils")
def test_what_comes_from_the_wire_is_logged(own: Served) -> None:
    route53, logs = _client(own, "route53"), _client(own, "logs")
    zone = route53.create_hosted_zone(Name="lines.example", CallerReference="a")["HostedZone"]["Id"].rpartition("/")[2]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_resource_policy(policyName="route53", policyDocument=document)
    logs.create_log_group(logGroupName=GROUP)
    # What is asked before has been planned for: it is to be logged from now on all the same.
    for _ in range(3):
        _dig(own, "lines.example", "NS", "+nocookie")
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
    made = route53.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)
    assert made["Location"].endswith(made["QueryLoggingConfig"]["Id"])
    for _ in range(2):
        _dig(own, "lines.example", "NS", "+nocookie")
    _dig(own, "no.lines.example", "AAAA", "+tcp")
    _dig(own, "lines.example", "TYPE65", "+subnet=203.0.113.0/24")
    _advance(own, 10)
    found = logs.get_log_events(logGroupName=GROUP, logStreamName=f"{zone}/IAD1", startFromHead=True)["events"]
    assert [one["message"].split(" ", 2)[2] for one in found] == [
        f"{zone} lines.example NS NOERROR UDP IAD1 127.0.0.1 -",
        f"{zone} lines.example NS NOERROR UDP IAD1 127.0.0.1 -",
        f"{zone} no.lines.example AAAA NXDOMAIN TCP IAD1 127.0.0.1 -",
        f"{zone} lines.example HTTPS NOERROR UDP IAD1 127.0.0.1 203.0.113.0/24",
    ]
