"""Change batches against a model of a dictionary, under random calls: all of a batch is done, or none of it."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import message, read
from fogbank.planes.dns.rdata import TYPES
from fogbank.testing import TestCloud

ZONE = "example.com."
NAMES = ("a", "b", "c.a")
VALUES = {"A": ("192.0.2.1", "192.0.2.2"), "TXT": ('"x"', '"y"'), "CNAME": ("www.example.org.", "www.example.net.")}
Key = tuple[str, str]


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Key, str]:
    type_ = draw(st.sampled_from(sorted(VALUES)))
    action = draw(st.sampled_from(["CREATE", "UPSERT", "DELETE"]))
    return action, (draw(st.sampled_from(NAMES)), type_), draw(st.sampled_from(VALUES[type_]))


def after(model: dict[Key, str], batch: list[tuple[str, Key, str]]) -> dict[Key, str] | None:
    """What a zone has after a batch, None where the batch is refused."""
    found, last = dict(model), dict[Key, str]()
    for action, key, value in batch:
        if key in last and (last[key], action) != ("DELETE", "CREATE"):
            return None
        last[key] = action
        if (action == "CREATE" and key in found) or (action == "DELETE" and found.get(key) != value):
            return None
        if action == "DELETE":
            del found[key]
        else:
            found[key] = value
    types = {name: {type_ for one, type_ in found if one == name} for name in NAMES}
    return None if any("CNAME" in one and len(one) > 1 for one in types.values()) else found


class Batches(RuleBasedStateMachine):
    """`model` maps a name and a type to the one value that they have."""

    @initialize()
    def begin(self) -> None:
        self.cloud = TestCloud()
        made = self.cloud.call("route53", "CreateHostedZone", {"Name": ZONE, "CallerReference": "a"})
        self.zone = made["HostedZone"]["Id"]
        self.model: dict[Key, str] = {}

    @rule(batch=st.lists(changes(), min_size=1, max_size=4))
    def change(self, batch: list[tuple[str, Key, str]]) -> None:
        asked = [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": f"{name}.{ZONE}",
                    "Type": type_,
                    "TTL": 60,
                    "ResourceRecords": [{"Value": value}],
                },
            }
            for action, (name, type_), value in batch
        ]
        wanted = after(self.model, batch)
        about = {"HostedZoneId": self.zone, "ChangeBatch": {"Changes": asked}}
        try:
            self.cloud.call("route53", "ChangeResourceRecordSets", about)
        except AwsError as error:
            assert (error.code, wanted) == ("InvalidChangeBatch", None)
            return
        assert wanted is not None
        self.model = wanted

    @rule()
    def start_again(self) -> None:
        """What is compiled anew answers as what has followed the changes did."""
        self.cloud.cloud.dispatch.holds.clear()

    @invariant()
    def what_is_listed_is_the_model(self) -> None:
        listed: Any = self.cloud.call("route53", "ListResourceRecordSets", {"HostedZoneId": self.zone})
        rows = listed["ResourceRecordSets"]
        found = {
            (one["Name"].removesuffix(f".{ZONE}"), one["Type"]): one["ResourceRecords"][0]["Value"]
            for one in rows
            if one["Name"] != ZONE
        }
        assert found == self.model
        zone = self.cloud.call("route53", "GetHostedZone", {"Id": self.zone})["HostedZone"]
        assert zone["ResourceRecordSetCount"] == len(self.model) + 2

    @invariant()
    def what_is_answered_is_the_model(self) -> None:
        for name in NAMES:
            types = {type_ for one, type_ in self.model if one == name}
            for type_ in ("A", "TXT"):
                query = message.parsed(read.question(1, f"{name}.{ZONE}", TYPES[type_]))
                said = self.cloud.cloud.inside.resolve_for_host(query, "127.0.0.1")
                wanted = self.model.get((name, "CNAME" if "CNAME" in types else type_))
                assert [one.data for one in said.records] == ([wanted] if wanted else [])
                exists = types or any(one.endswith(f".{name}") for one, _ in self.model)
                assert said.code == (message.NOERROR if exists else message.NXDOMAIN)

    def teardown(self) -> None:
        if hasattr(self, "cloud"):
            self.cloud.close()


TestBatches = Batches.TestCase
TestBatches.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
