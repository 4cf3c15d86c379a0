"""What this machine lets us do with networks, found out by doing it where it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net import holder, nft, rates
from fogbank.planes.net.facts import DELAY_DEVICE, Chain, Delay, Pair, Rules
from fogbank.planes.net.firewall import Firewall, library
from fogbank.planes.net.namespaces import in_thread, leave, loopback_up, tun, write_setting
from fogbank.planes.net.netlink import Channel
from fogbank.planes.net.rtnetlink import delayed, link_asked, link_of, pair

_CHILD_SECONDS = 20.0
_CAPABILITIES = {12: "CAP_NET_ADMIN", 21: "CAP_SYS_ADMIN"}
_TRIAL = Pair("", "fogbank0", "02:00:00:00:00:01", "", "fogbank1", "02:00:00:00:00:02")


class Feature(NamedTuple):
    """Something of the kernel or the machine: whether it works, and in whose words it does not."""

    name: str
    works: bool
    words: str = ""


def found(wanted: str) -> tuple[str, str]:
    """The mode that this machine allows, and why it is not a better one (empty where nothing better was asked for).

    `wanted` is auto, full, rootless or plain. Takes some milliseconds as root, and a process without.
    """
    reasons: list[str] = []
    for mode, trial in (("full", full), ("rootless", rootless)):
        if wanted not in ("auto", mode):
            continue
        reason = trial()
        if not reason:
            return mode, "; ".join(reasons)
        reasons.append(f"{mode}: {reason}")
    return "plain", "; ".join(reasons)


def full() -> str:
    """Why there can be no networks with the rights of this process; empty if there can."""
    if missing := _missing_capabilities():
        return f"{' and '.join(missing)} missing: sudo fogbank up"
    return tried()


def rootless() -> str:
    """Why there can be no networks in a user namespace; empty if there can."""
    return _in_child("tried")


def tried() -> str:
    """Make a namespace, a pair, and a table with NAT and conntrack, and let all go. Empty, or what was refused."""
    for feature in (_feature("", trial) for trial in (library, _veth, _nat, _conntrack, _log)):
        if not feature.works:
            return feature.words
    return ""


def features() -> list[Feature]:
    """Everything that networks use or may use, tried with the rights that this process has or can get by itself."""
    reason = _in_child("nothing")
    listed = [_feature("libnftables", library), Feature("user namespaces", not reason, reason)]
    if not _missing_capabilities():
        return listed + kernel_features()
    if not reason:
        return listed + _parsed(_in_child("features"))
    return listed + [Feature(name, False, "to be tried it takes root, or user namespaces") for name, _ in _TRIALS]


def kernel_features() -> list[Feature]:
    """What the kernel has, tried in this process, which has the rights."""
    return [_feature(name, trial) for name, trial in _TRIALS]


def has_netem() -> bool:
    """Whether the kernel delays packets by itself; where it does not, a process of ours does."""
    return _feature("", _netem).works


def undelayable() -> str:
    """Why packets within a namespace cannot be made to wait; empty if they can."""
    return _feature("", _waiting).words


def _feature(name: str, trial: Callable[[], object]) -> Feature:
    try:
        in_thread(trial)
    except (OSError, WorldError) as error:
        return Feature(name, False, str(error))
    return Feature(name, True)


def _missing_capabilities() -> list[str]:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    effective = int(status["CapEff"], 16)
    return [name for bit, name in _CAPABILITIES.items() if not effective >> bit & 1]


def _veth() -> None:
    leave()
    loopback_up()
    write_setting("net/ipv4/ip_forward", "1")
    _paired().close()


def _paired() -> Channel:
    descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    channel = Channel()
    (refusal,) = channel.tell([pair(_TRIAL, descriptor)])
    os.close(descriptor)
    if refusal is not None:
        channel.close()
        raise WorldError(f"a veth pair: {refusal}")
    return channel


def _netem() -> None:
    leave()
    channel = _paired()
    try:
        ((_, payload),) = channel.ask(link_asked(_TRIAL.name))
        (refusal,) = channel.tell([delayed(link_of(payload).number, 0.001, 0.0)])
    finally:
        channel.close()
    if refusal is not None:
        raise WorldError(str(refusal))


def _rates() -> None:
    leave()
    channel = _paired()
    try:
        (refusal,) = channel.tell([rates.limited(channel.index(_TRIAL.name), 1000)])
    finally:
        channel.close()
    if refusal is not None:
        raise WorldError(str(refusal))


def _table(rule: str, hook: str = "type filter hook forward priority 0;") -> None:
    leave()
    firewall = Firewall()
    try:
        firewall.run(nft.turned((Chain("", "trial", hook), Rules("", "trial", (rule,))), ()))
    finally:
        firewall.close()


def _nat() -> None:
    _table("snat ip to 192.0.2.1", hook="type nat hook postrouting priority 100;")


def _conntrack() -> None:
    _table('ct state established,related counter accept comment "trial"')


def _log() -> None:
    _table("log group 7 drop")


def _tun() -> None:
    leave()
    os.close(tun("fogbank0"))


def _waiting() -> None:
    leave()
    device, firewall = tun(DELAY_DEVICE, has_link_layer=True), Firewall()
    try:
        firewall.run(nft.waiting(Delay("", (0.0,), (DELAY_DEVICE,))))
    finally:
        firewall.close()
        os.close(device)


_TRIALS: tuple[tuple[str, Callable[[], object]], ...] = (
    ("veth", _veth),
    ("nftables NAT", _nat),
    ("conntrack", _conntrack),
    ("NFLOG", _log),
    ("TUN", _tun),
    ("egress hook", _waiting),
    ("netem", _netem),
    ("TBF", _rates),
)


def _in_child(what: str) -> str:
    """What a child says that went into a user namespace of its own: only a process with one thread can go there."""
    try:
        child = process.child([sys.executable, "-m", "fogbank.planes.net.probe", what])
        output, errors = child.communicate(timeout=_CHILD_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if child.returncode:
        return (errors.decode(errors="replace").strip().splitlines() or ["the probe ended"])[-1]
    return output.decode().strip("\n")


def _parsed(words: str) -> list[Feature]:
    rows = (line.split("\t") for line in words.splitlines() if line.count("\t") == 2)
    return [Feature(name, works == "True", reason) for name, works, reason in rows]


def main(argv: list[str]) -> None:
    """`probe tried|features|nothing`: in a user namespace of this process's own, say what does not work there."""
    try:
        holder.own(Path(tempfile.gettempdir()))
    except WorldError as error:
        sys.stdout.write(str(error))
        return
    if argv[0] == "tried":
        sys.stdout.write(tried())
    elif argv[0] == "features":
        sys.stdout.writelines(f"{one.name}\t{one.works}\t{one.words}\n" for one in kernel_features())


if __name__ == "__main__":
    main(sys.argv[1:])
