"""What BIRD is told."""

from __future__ import annotations

from fogbank.planes.engines.bird import Peer, Router, configuration

EDGE = Router(
    ns="edge-iad",
    id="10.53.0.3",
    as_number=64_513,
    peers=(Peer(name="core", device="eth0", own_address="10.53.0.3", address="10.53.0.2", as_number=64_512),),
    announces=("198.19.248.0/23",),
)
EXPECTED = """\
log stderr { warning, error, fatal, bug };
router id 10.53.0.3;
protocol device { scan time 10; }
protocol bfd { interface "*" { interval 50000 us; multiplier 3; }; }
protocol kernel { ipv4 { import none; export none; }; }
protocol static announced { ipv4;
  route 198.19.248.0/23 blackhole;
}
protocol bgp core {
  local 10.53.0.3 as 64513;
  neighbor 10.53.0.2 as 64512;
  interface "eth0"; direct; bfd on; connect delay time 1; connect retry time 2; hold time 9;
  error wait time 1, 4;
  ipv4 { import none; export where source = RTS_STATIC; next hop self; };
}
"""


def test_an_edge_announces_and_believes_nobody() -> None:
    assert configuration(EDGE) == EXPECTED


def test_the_core_believes_what_lies_within_a_block_and_announces_nothing() -> None:
    core = Router(ns="names", id="10.53.0.0", as_number=64_512, peers=EDGE.peers, accepts="198.19.248.0/21")
    text = configuration(core)
    assert "import filter { if net ~ [ 198.19.248.0/21+ ] then accept; reject; }" in text
    assert "export where source = RTS_BGP" in text
    assert "route 198" not in text
