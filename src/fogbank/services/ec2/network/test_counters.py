from __future__ import annotations

import pytest

from fogbank.services.ec2.network import counters
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.network.walk import Walk

ASK = Packet("tcp", "10.0.0.4", "10.0.0.5", destination_port=80)


def died(reason: str, at: str) -> Walk:
    return Walk((), "", ASK, reason, at)


@pytest.mark.parametrize(
    ("comment", "meaning"),
    [
        ("acl-1-in *", "network ACL acl-1: no entry allows it"),
        ("acl-1-out *", "network ACL acl-1: no entry allows it"),
        ("c-0123-in", "security groups, inbound: no rule lets it through"),
        ("c-0123-out", "security groups, outbound: no rule lets it through"),
        ("invalid", "connection tracking: it belongs to no connection"),
        ("acl-1-in 100", ""),
        ("sg-1-in tcp 80-80 0", ""),
    ],
)
def test_what_a_counter_stands_for(comment: str, meaning: str) -> None:
    assert counters.drop(comment) == meaning


def test_a_group_counts_its_ports_together() -> None:
    assert counters.name_of("sg-1-in tcp 80-80 3") == "sg-1-in tcp 80-80"
    assert counters.name_of("acl-1-in *") == "acl-1-in *"


def test_a_packet_died_of_what_both_the_kernel_and_the_model_name() -> None:
    counted = ["sg-1-out tcp 80-80 0", "acl-1-in *", "c-0123-in"]
    assert counters.death(counted, died("ENI_SG_RULES_MISMATCH", "eni-1")).startswith("security groups, inbound")
    assert counters.death(counted, died("ACL", "acl-1")).startswith("network ACL acl-1")
    assert counters.death(counted, died("ACL", "acl-2")) == "", "another packet's death is not this one's"
    assert counters.death(counted, None).startswith("network ACL acl-1"), "the model knows of nothing: the first"
