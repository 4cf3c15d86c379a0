"""Flow records, as text: who sent what to whom through which interface (VPC User Guide, "Flow log records")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from fogbank.planes.net.flows import Count, Flow, Flows
from fogbank.services.ec2.network import names

ACCEPT, REJECT = "ACCEPT", "REJECT"
NOTHING = "-"
_DHCP = {67, 68, 546, 547}
_UDP = 17
_VERSIONS = {
    **dict.fromkeys("vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr".split(), 3),
    **dict.fromkeys("region az-id sublocation-type sublocation-id".split(), 4),
    **dict.fromkeys("pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path".split(), 5),
    **dict.fromkeys(
        (
            "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id "
            "ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id"
        ).split(),
        7,
    ),
    "reject-reason": 8,
    "resource-id": 9,
    "encryption-status": 10,
}
_SAME_VPC, _IN_REGION, _OTHER_REGION, _ENDPOINT, _INTERNET = "1", "4", "5", "7", "8"
"""Traffic paths, as of an interface of a Nitro instance."""


class Face(NamedTuple):
    """An interface, as far as records tell of it."""

    id: str
    account: str
    subnet_id: str
    zone_id: str
    instance_id: str
    addresses: tuple[str, ...]
    """Of IPv4, the primary one first."""
    addresses_6: tuple[str, ...]


class Place(NamedTuple):
    """A VPC, as far as records tell of it."""

    vpc_id: str
    region: str
    faces: Sequence[Face]
    unlogged: AbstractSet[str]
    """Addresses whose traffic is not logged: the resolver's, metadata's, the time's, the routers'."""
    far: AbstractSet[str]
    """The devices of peerings with other regions."""
    services: Mapping[str, str]
    """Address -> which of AWS's services answers there."""


class Line(NamedTuple):
    """What a record is about: an interface's view of packets of one way. Addresses are those in the packets."""

    interface: Face
    is_egress: bool
    action: str
    protocol: int
    source: str
    destination: str
    source_port: int
    destination_port: int
    path: str


class Window(NamedTuple):
    """An aggregation interval, in seconds since 1970, and what is wanted of it."""

    start: float
    end: float
    fields: Sequence[str]
    traffic: str
    """ACCEPT, REJECT or ALL."""
    lost: int = 0
    """Packets that nobody could count."""


Seen = dict[Line, Count]


def seen(flows: Flows, place: Place) -> Seen:
    """What each interface has seen.

    What is rejected on the sender's side is the sender's interface's rejection. What is rejected at the receiver is the
    receiver's; the sender's interface has let it go.
    """
    found: Seen = {}
    whose = _Whose(place)
    for one in flows.accepted:
        for flow, count in ((one.flow, one.sent), (one.flow.reversed(), one.answered)):
            whose.add(found, flow, count, (ACCEPT, ACCEPT))
    for lost in flows.rejected:
        whose.add(found, lost.flow, lost.count, (REJECT, "") if lost.rule == "out" else (ACCEPT, REJECT))
    return found


def merge(into: Seen, more: Seen) -> None:
    """Add to what was seen before."""
    for line, count in more.items():
        into[line] = into[line].plus(count) if line in into else count


def records(found: Seen, faces: Iterable[Face], place: Place, window: Window) -> Iterator[tuple[str, str]]:
    """(interface, record) of a window for each of these interfaces, NODATA where there is nothing to tell."""
    by_face: dict[str, list[Line]] = {}
    for line in sorted(found, key=lambda line: line[1:]):
        if window.traffic in ("ALL", line.action):
            by_face.setdefault(line.interface.id, []).append(line)
    for face in faces:
        rows = [_written(line, found[line], place) for line in by_face.get(face.id, ())]
        if window.lost:
            # One such record stands for however many flows were not seen.
            rows.append({"log-status": "SKIPDATA"})
        for row in rows or [{"log-status": "NODATA"}]:
            values = _shared(face, place, window) | row
            yield face.id, " ".join(values.get(name) or NOTHING for name in window.fields)


class _Whose:
    """Finds the interface at either end of a flow: by the device, and where that is unknown by the address."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._by_device = {names.device(face.id): face for face in place.faces}
        self._by_address = {address: face for face in place.faces for address in (*face.addresses, *face.addresses_6)}

    def add(self, found: Seen, flow: Flow, count: Count, actions: tuple[str, str]) -> None:
        """Note what the sender and the receiver have seen of a flow; an empty action: nothing."""
        if not count.packets or self._is_unlogged(flow):
            return
        ends = self._face(flow.entered, flow.source), self._face(flow.left, flow.destination)
        for face, action, is_egress in zip(ends, actions, (True, False), strict=True):
            if face is not None and action:
                path = self._path(flow.left, ends[1]) if is_egress and action == ACCEPT else ""
                line = Line(
                    face,
                    is_egress,
                    action,
                    flow.protocol,
                    flow.source,
                    flow.destination,
                    flow.source_port,
                    flow.destination_port,
                    path,
                )
                merge(found, {line: count})

    def _face(self, device: str, address: str) -> Face | None:
        return self._by_device.get(device) if device else self._by_address.get(address)

    def _is_unlogged(self, flow: Flow) -> bool:
        if flow.protocol == _UDP and {flow.source_port, flow.destination_port} <= _DHCP:
            return True
        return not self._place.unlogged.isdisjoint((flow.source, flow.destination))

    def _path(self, device: str, receiver: Face | None) -> str:
        """The traffic path of what an interface lets go ("Flow log records", traffic-path)."""
        if receiver is not None:
            return _SAME_VPC
        if device == names.INTERNET_DEVICE:
            return _INTERNET
        if device.startswith("p"):
            return _OTHER_REGION if device in self._place.far else _IN_REGION
        return _ENDPOINT if device.startswith("g") else ""


def _shared(face: Face, place: Place, window: Window) -> dict[str, str]:
    return {
        "version": str(max(_VERSIONS.get(name, 2) for name in window.fields)),
        "account-id": face.account,
        "interface-id": face.id,
        "start": str(int(window.start)),
        "end": str(int(window.end)),
        "vpc-id": place.vpc_id,
        "subnet-id": face.subnet_id,
        "instance-id": face.instance_id,
        "region": place.region,
        "az-id": face.zone_id,
    }


def _written(line: Line, count: Count, place: Place) -> dict[str, str]:
    is_6 = ":" in line.source
    return {
        "srcaddr": _own(line.interface, line.source) if line.is_egress else line.source,
        "dstaddr": line.destination if line.is_egress else _own(line.interface, line.destination),
        "srcport": str(line.source_port),
        "dstport": str(line.destination_port),
        "protocol": str(line.protocol),
        "packets": str(count.packets),
        "bytes": str(count.octets),
        "action": line.action,
        "log-status": "OK",
        "tcp-flags": str(count.flags),
        "type": "IPv6" if is_6 else "IPv4",
        "pkt-srcaddr": line.source,
        "pkt-dstaddr": line.destination,
        "pkt-src-aws-service": place.services.get(line.source, ""),
        "pkt-dst-aws-service": place.services.get(line.destination, ""),
        "flow-direction": "egress" if line.is_egress else "ingress",
        "traffic-path": line.path,
    }


def _own(face: Face, address: str) -> str:
    """The interface's address as srcaddr and dstaddr show it: of IPv4 always the primary private one."""
    if ":" not in address:
        return face.addresses[0] if face.addresses else address
    return address if address in face.addresses_6 or not face.addresses_6 else face.addresses_6[0]
