"""terraform as its users run it: apply, a second plan that is empty, a change, destroy."""

from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.services.lambda_.test_lambda import zipped
from fogbank.testing import Served
from fogbank.testing.terraform import Terraform, missing

HERE = Path(__file__).parent
PLAN_EMPTY, PLAN_CHANGES = 0, 2
AT_ONCE = {"names.tf": 500}
"""How many resources are made at once: the provider waits ten to thirty seconds for every record."""


@pytest.fixture
def terraform(request: pytest.FixtureRequest, tmp_path: Path, served: Served, account: str) -> Terraform:
    """terraform with the page that the test is parametrized by."""
    if reason := missing():
        pytest.skip(reason)
    for number, name in enumerate(("one", "two")):
        (tmp_path / f"{name}.zip").write_bytes(zipped(main=f"def run(event, context): return {number}"))
    return Terraform(HERE / request.param, tmp_path, served.url, account, at_once=AT_ONCE.get(request.param, 10))


CHANGES = {
    "databases.tf": (('default = "red"', 'default = "blue"'), ('"8192"', '"16384"')),
    "identity.tf": (('value       = "one"', 'value       = "two"'), ("7200", "3600")),
    "everyday.tf": (
        ("= 45", "= 50"),
        ("days = 30", "days = 40"),
        ("rate(1 hour)", "rate(2 hours)"),
        ("= 3\n", "= 4\n"),
    ),
    "functions.tf": (
        ('default = "red"', 'default = "blue"'),
        ('filename         = "one.zip"', 'filename         = "two.zip"'),
        ('filebase64sha256("one.zip")', 'filebase64sha256("two.zip")'),
        ("timeout          = 20", "timeout          = 30"),
        ('source = "one.zip"', 'source = "two.zip"'),
        ('filemd5("one.zip")', 'filemd5("two.zip")'),
        ("batch_size                         = 5", "batch_size = 6"),
        ("maximum_retry_attempts       = 1", "maximum_retry_attempts = 0"),
        ("provisioned_concurrent_executions = 1", "provisioned_concurrent_executions = 2"),
        ("max_age       = 60", "max_age = 90"),
        ("Name: /words/one", "Name: /words/two"),
        ("countNumber = 14", "countNumber = 7"),
        ('"IMMUTABLE"', '"MUTABLE"'),
        ('"WARN"', '"DEBUG"'),
    ),
    "network.tf": (
        ('default = "red"', 'default = "blue"'),
        ("5432", "5433"),
        ("rule_no    = 200", "rule_no    = 210"),
        ("= 1024", "= 32768"),
        ("203.0.113.0/24", "203.0.113.0/25"),
    ),
    "network2.tf": (
        ('default = "red"', 'default = "blue"'),
        ('"10.0.0.22"', '"10.0.0.23"'),
        ('= "left"', '= "west"'),
        ("5433", "5434"),
        ("1024 : null", "32768 : null"),
        ('appliance_mode_support                          = "enable"', 'appliance_mode_support = "disable"'),
        ('destination_cidr_block         = "192.168.0.0/16"', 'destination_cidr_block = "192.168.0.0/17"'),
        ("per_hour_partition         = true", "per_hour_partition = false"),
        ("s3:GetObject", "s3:PutObject"),
    ),
    "traces.tf": (
        ('default = "red"', 'default = "blue"'),
        ("responsetime > 5", "responsetime > 2"),
        ("fault OR throttle", "fault"),
        ("fixed_rate     = 0.25", "fixed_rate     = 0.5"),
        ('tier = "gold"', 'tier = "silver"'),
    ),
    "names.tf": (
        ('default = "red"', 'default = "blue"'),
        ("198.51.100.${", "203.0.113.${"),
        ("count.index % 3 * 10", "count.index % 3 * 20"),
        ('aws_region = "us-west-2"', 'aws_region = "us-east-2"'),
        ('search_string     = "ok"', 'search_string     = "fine"'),
        ("child_health_threshold = 1", "child_health_threshold = 2"),
        ('"198.51.100.0/24", "203.0.113.0/24"', '"198.51.100.0/24"'),
        ('comment           = "public"', 'comment           = "open"'),
        ("by health, then by region", "by health and region"),
        (
            "hosted_zone_id         = aws_route53_zone.main.zone_id\n  ttl                    = 60",
            "hosted_zone_id = aws_route53_zone.main.zone_id\n  ttl = 30",
        ),
    ),
}


@pytest.mark.timeout(900)  # terraform's provider waits a minute and more for every database, whatever it is told
@pytest.mark.parametrize(("terraform", "changes"), CHANGES.items(), ids=CHANGES, indirect=["terraform"])
def test_apply_an_empty_second_plan_a_change_and_destroy(
    terraform: Terraform, changes: tuple[tuple[str, str], ...]
) -> None:
    assert terraform.apply()["value"]
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_EMPTY,))
    page = terraform.folder / "main.tf"
    text = page.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    page.write_text(text)
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", "-out=changes", expect=(PLAN_CHANGES,))
    terraform("apply", "-input=false", "-no-color", "changes")
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_EMPTY,))
    terraform("destroy", "-auto-approve", "-input=false", "-no-color", "-refresh=false")
    assert terraform("state", "list") == ""
