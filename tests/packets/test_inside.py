"""What a VPC answers itself: names, instance metadata, and what DHCP would tell."""

from __future__ import annotations

import sys
from typing import Any

import orjson

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.services.ec2 import pages

from .tenant import NOTHING, REGION, Host, Tenant

METADATA = "http://169.254.169.254"


def _site(tenant: Tenant) -> tuple[str, Host]:
    vpc = tenant.vpc()
    return vpc, tenant.host(tenant.subnet(vpc))


def _dig(tenant: Tenant, host: Host, name: str, server: str = "10.0.0.2", *more: str) -> str:
    """What the resolver says; NOTHING for silence."""
    ran = tenant.heard(host, "dig", "+short", "+time=1", "+tries=1", f"@{server}", *more, name)
    return NOTHING if ran.code else ran.output.decode().strip()


def _curl(tenant: Tenant, host: Host, path: str, *more: str) -> str:
    ran = tenant.heard(host, "curl", "-s", "-m", "0.5", *more, METADATA + path)
    return ran.output.decode() if ran.code == 0 else NOTHING


def _token(tenant: Tenant, host: Host, seconds: str = "60") -> str:
    ttl = f"X-aws-ec2-metadata-token-ttl-seconds: {seconds}"
    return _curl(tenant, host, "/latest/api/token", "-X", "PUT", "-H", ttl)


def test_the_time_of_the_machine_is_told(tenant: Tenant) -> None:
    _, host = _site(tenant)
    ask = (
        "import socket, struct, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1);"
        "s.sendto(bytes([35]) + bytes(47), ('169.254.169.123', 123)); said = s.recv(48);"
        "print(abs(struct.unpack('!I', said[40:44])[0] - 2208988800 - time.time()) < 2)"
    )
    assert tenant.heard(host, sys.executable, "-c", ask).output == b"True\n"


def test_the_resolver_knows_private_names_forwards_and_backwards(tenant: Tenant) -> None:
    _, host = _site(tenant)
    name = f"ip-{host.ip.replace('.', '-')}.ec2.internal"
    assert [_dig(tenant, host, name, server) for server in ("10.0.0.2", "169.254.169.253")] == [host.ip, host.ip]
    assert _dig(tenant, host, name, "10.0.0.2", "+tcp") == host.ip
    assert _dig(tenant, host, "4.1.0.10.in-addr.arpa", "10.0.0.2", "-tPTR") == f"{name}."
    assert _dig(tenant, host, "ip-10-0-1-99.ec2.internal") == ""


def test_names_of_other_vpcs_are_not_known(tenant: Tenant) -> None:
    _, host = _site(tenant)
    other = tenant.vpc("10.9.0.0/16")
    far = tenant.host(tenant.subnet(other, "10.9.1.0/24"))
    name = f"ip-{far.ip.replace('.', '-')}.ec2.internal"
    assert (_dig(tenant, host, name), _dig(tenant, far, name, "10.9.0.2")) == ("", far.ip)


def test_a_public_name_is_the_private_address_inside(tenant: Tenant) -> None:
    """VPC User Guide, "DNS attributes": inside of the VPC the public name resolves to the private address."""
    vpc, host = _site(tenant)
    tenant.ec2("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    tenant.gateway(vpc)
    public = tenant.address(host)
    name = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"
    other = tenant.vpc("10.9.0.0/16")
    far = tenant.host(tenant.subnet(other, "10.9.1.0/24"))
    assert (_dig(tenant, host, name), _dig(tenant, far, name, "10.9.0.2")) == (host.ip, public)


def test_without_dns_support_the_resolver_is_silent(tenant: Tenant) -> None:
    vpc, host = _site(tenant)
    assert _dig(tenant, host, "s3.us-east-1.amazonaws.com") != NOTHING
    tenant.ec2("ModifyVpcAttribute", VpcId=vpc, EnableDnsSupport={"Value": False})
    both = " & ".join(f"dig +time=1 +tries=1 @{one} example.com" for one in ("10.0.0.2", "169.254.169.253"))
    said = tenant.run(host, "sh", "-c", f"{both}; wait").output.decode()
    assert said.count("timed out") + said.count("no servers could be reached") >= 2
    assert "status:" not in said
    tenant.ec2("ModifyVpcAttribute", VpcId=vpc, EnableDnsSupport={"Value": True})
    assert _dig(tenant, host, "s3.us-east-1.amazonaws.com") != NOTHING


def test_groups_and_acls_do_not_stand_before_the_resolver_and_the_metadata(tenant: Tenant) -> None:
    """VPC User Guide, "Control subnet traffic with network access control lists": neither filters these."""
    vpc = tenant.vpc()
    subnet, group = tenant.subnet(vpc), tenant.group(vpc)
    tenant.revoke(group, "0.0.0.0/0", None, way="Egress")
    tenant.acl(subnet)
    host = tenant.host(subnet, group)
    far = tenant.host(tenant.subnet(vpc, "10.0.2.0/24"))
    assert tenant.ask(host, far.ip) == NOTHING
    assert _dig(tenant, host, "ip-10-0-1-4.ec2.internal") == host.ip
    assert _curl(tenant, host, "/latest/meta-data/local-ipv4") == host.ip


def test_the_resolver_of_one_vpc_is_not_for_its_peers(tenant: Tenant) -> None:
    vpc, host = _site(tenant)
    other = tenant.vpc("10.9.0.0/16")
    far = tenant.host(tenant.subnet(other, "10.9.1.0/24"))
    tenant.joined(vpc, other)
    name = f"ip-{host.ip.replace('.', '-')}.ec2.internal"
    assert tenant.ask(far, host.ip) == far.ip
    assert (_dig(tenant, far, name, "10.0.0.2"), _dig(tenant, host, name)) == (NOTHING, host.ip)


def test_metadata_tells_each_interface_of_itself(tenant: Tenant) -> None:
    vpc, host = _site(tenant)
    other = tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"))
    assert [_curl(tenant, one, "/latest/meta-data/local-ipv4") for one in (host, other)] == [host.ip, other.ip]
    assert _curl(tenant, other, "/latest/meta-data/placement/availability-zone") == "us-east-1b"
    assert _curl(tenant, host, "/latest/meta-data/nothing", "-o", "/dev/null", "-w", "%{http_code}") == "404"


def test_a_token_is_good_for_the_interface_that_asked_for_it(tenant: Tenant) -> None:
    vpc, host = _site(tenant)
    other = tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"))
    token = _token(tenant, host)
    with_token = ("-w", "%{http_code}", "-H", f"X-aws-ec2-metadata-token: {token}")
    assert _curl(tenant, host, "/latest/meta-data/local-ipv4", *with_token) == f"{host.ip}200"
    assert _curl(tenant, other, "/latest/meta-data/local-ipv4", *with_token).endswith("401")
    assert (
        _curl(tenant, host, "/latest/meta-data/mac", "-w", "%{http_code}", "-H", "X-aws-ec2-metadata-token: x") == "401"
    )
    assert _token(tenant, host, "0") == ""


BEHIND = """
import subprocess, sys
inner = subprocess.Popen(["unshare", "--net", "sleep", "5"])
try:
    def run(*argv):
        return subprocess.run(argv, capture_output=True, text=True)
    def within(*argv):
        return run("nsenter", f"--net=/proc/{inner.pid}/ns/net", "--", *argv)
    import os, time
    here = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{inner.pid}/ns/net") == here:
        time.sleep(0.005)
    run("ip", "link", "add", "c0", "type", "veth", "peer", "name", "c1", "netns", str(inner.pid))
    run("ip", "address", "add", "172.17.0.1/24", "dev", "c0")
    run("ip", "link", "set", "c0", "up")
    within("ip", "address", "add", "172.17.0.2/24", "dev", "c1")
    within("ip", "link", "set", "c1", "up")
    within("ip", "route", "add", "default", "via", "172.17.0.1")
    open("/proc/sys/net/ipv4/ip_forward", "w").write("1")
    run("nft", "add table ip c; add chain ip c o { type nat hook postrouting priority 100; }")
    run("nft", "add rule ip c o ip saddr 172.17.0.0/24 masquerade")
    for url in sys.argv[1:]:
        print(within("curl", "-s", "-m", "1.5", "-o", "/dev/null", "-w", "%{size_download}", "--http0.9", url).stdout)
finally:
    inner.kill()
    inner.wait()
"""
"""A container behind a host's own bridge asks for each URL; prints how many bytes it hears."""


def test_metadata_does_not_reach_one_hop_further(tenant: Tenant) -> None:
    """EC2 User Guide, "Hop limit": 1 by default, so that a container behind an instance does not hear it."""
    tenant.needs("curl", "ip", "nft", "nsenter", "unshare")
    vpc, host = _site(tenant)
    far = tenant.host(tenant.subnet(vpc, "10.0.2.0/24"))
    found = tenant.said(host, sys.executable, "-c", BEHIND, f"{METADATA}/latest/", f"http://{far.ip}/")
    assert found.splitlines() == ["0", str(len(host.ip))]
    assert _curl(tenant, host, "/latest/", "-o", "/dev/null", "-w", "%{http_code}") == "200"


def _entered(tenant: Tenant, host: Host) -> dict[str, Any]:
    """What `fogbank net exec` is told."""
    ctx = tenant.net.cloud.cloud.context("ec2", "net", callers.root(tenant.account), REGION)
    request = Request("POST", "/_fogbank/net/enter", "", {}, orjson.dumps({"id": host.id}))
    response = tenant.net.run(pages.answer(ctx, request))
    assert response.status == 200
    found: dict[str, Any] = orjson.loads(response.body)
    return found


def test_dhcp_options_are_what_a_command_finds_in_resolv_conf(tenant: Tenant) -> None:
    vpc, host = _site(tenant)
    said = _entered(tenant, host)["resolv_conf"].splitlines()
    assert said[:2] == ["nameserver 10.0.0.2", "search ec2.internal"]
    options = [
        {"Key": "domain-name", "Values": ["example.com"]},
        {"Key": "domain-name-servers", "Values": ["10.0.0.53", "AmazonProvidedDNS"]},
    ]
    made = tenant.ec2("CreateDhcpOptions", DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
    tenant.ec2("AssociateDhcpOptions", VpcId=vpc, DhcpOptionsId=made)
    said = _entered(tenant, host)["resolv_conf"].splitlines()
    assert said[:3] == ["nameserver 10.0.0.53", "nameserver 10.0.0.2", "search example.com"]


def test_who_enters_an_interface_is_in_its_network(tenant: Tenant) -> None:
    import subprocess

    tenant.needs("ip", "nsenter")
    _, host = _site(tenant)
    argv = [*_entered(tenant, host)["argv"], "ip", "-br", "address", "show", "dev", "eth0"]
    assert f"{host.ip}/24" in subprocess.run(argv, capture_output=True, text=True, check=True).stdout
