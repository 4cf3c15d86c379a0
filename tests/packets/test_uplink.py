"""The internet of a region leads on to the machine's own network where the setting says so, and only then."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from fogbank.planes.net import probe
from fogbank.planes.net.uplinks import PROGRAM
from fogbank.services.ec2.network.gateways import KEPT
from fogbank.testing.network import Network

from .tenant import INTERNET, NOTHING, Host, Tenant


@pytest.fixture(scope="module")
def linked() -> Iterator[Network]:
    """A cloud whose internets lead on."""
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("/dev/net/tun cannot be opened")
    found = Network(mode, uplink="slirp")
    yield found
    found.close()


@pytest.fixture
def tenant(linked: Network, account: str) -> Iterator[Tenant]:
    yield Tenant(linked, account)
    linked.forget()


def own_address() -> str:
    """An address of this machine that is not private: what is private does not leave by an uplink."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            # Nothing is sent: the kernel chooses where it would come from.
            sock.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no way to a network")
        found = str(sock.getsockname()[0])
    if any(ip_address(found) in ip_network(block) for block in KEPT):
        pytest.skip(f"this machine's address is private: {found}")
    return found


class Greeter:
    """A server of the machine itself, which says who asks."""

    def __init__(self, net: Network) -> None:
        self.address = own_address()
        self._net = net
        self._server = net.run(asyncio.start_server(self._greet, self.address, 0))
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.seen: list[str] = []

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(writer.get_extra_info("peername")[0])
        await reader.read(1)
        writer.write(b"the machine")
        writer.close()

    def close(self) -> None:
        self._server.close()
        self._net.run(self._server.wait_closed())


@pytest.fixture
def greeter(linked: Network) -> Iterator[Greeter]:
    found = Greeter(linked)
    yield found
    found.close()


def networks(tenant: Tenant) -> tuple[Host, Host, Host]:
    """A host with a public address, one behind a NAT gateway, and one with no way out."""
    vpc = tenant.vpc()
    public, behind, private = (tenant.subnet(vpc, f"10.0.{number}.0/24") for number in (1, 2, 3))
    tenant.table(public, {"0.0.0.0/0": tenant.gateway(vpc)})
    nat, _ = tenant.nat(public)
    tenant.table(behind, {"0.0.0.0/0": nat})
    tenant.table(private)
    web = tenant.host(public)
    tenant.address(web)
    return web, tenant.host(behind), tenant.host(private)


def test_who_reaches_the_internet_reaches_what_the_machine_reaches(tenant: Tenant, greeter: Greeter) -> None:
    web, behind, private = networks(tenant)
    assert tenant.ask(web, greeter.address, greeter.port) == "the machine"
    assert tenant.ask(behind, greeter.address, greeter.port) == "the machine"
    assert set(greeter.seen) == {greeter.address}, "it is an ordinary program that asks"
    assert tenant.ask(private, greeter.address, greeter.port) == NOTHING
    assert len(greeter.seen) == 2


def test_what_is_private_or_fogbanks_own_does_not_leave(tenant: Tenant, greeter: Greeter) -> None:
    web, *_ = networks(tenant)
    assert tenant.ask(web, greeter.address, greeter.port) == "the machine"
    with socket.create_server(("127.0.0.1", 0)) as here:
        port = here.getsockname()[1]
        for address in ("10.0.2.2", "10.99.0.1", "192.168.1.1", "172.16.0.1", "169.254.1.1", "198.19.255.254"):
            assert tenant.ask(web, address, port) == NOTHING, address
        # Nothing that was sent has come to the program at all: the rule that keeps it has counted it.
        counted = tenant.net.run(tenant.net.net.counters(INTERNET))
        assert counted["not for the uplink"][0] >= 4


def test_it_comes_again_when_it_has_died_and_ends_with_the_last_gateway(tenant: Tenant, greeter: Greeter) -> None:
    web, *_ = networks(tenant)
    (pid,) = uplinks(tenant)
    os.kill(pid, signal.SIGKILL)
    said = [tenant.ask(web, greeter.address, greeter.port) for _ in range(10)]
    assert said[-1] == "the machine"
    (other,) = uplinks(tenant)
    assert other != pid
    tenant.net.forget()
    assert uplinks(tenant) == []


def test_without_the_setting_nobody_leaves(account: str, shared: Network) -> None:
    tenant = Tenant(shared, account)
    greeter = Greeter(shared)
    try:
        for host in networks(tenant):
            assert tenant.ask(host, greeter.address, greeter.port) == NOTHING
        assert greeter.seen == []
        assert uplinks(tenant) == []
    finally:
        greeter.close()
        shared.forget()


def uplinks(tenant: Tenant) -> list[int]:
    """The processes of this cloud's uplinks."""
    prefix = Path(tenant.net.net.path("")).name
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if Path(words[0]).name == PROGRAM and any(prefix in word for word in words):
            found.append(int(path.parent.name))
    return found
