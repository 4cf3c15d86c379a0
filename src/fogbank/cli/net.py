"""`fogbank net`: what is inside the cloud's networks, commands run there, and packets followed on their way."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.cli import remote
from fogbank.cli.words import seconds
from fogbank.running import RunError, Running

OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("action",), {"choices": ["ls", "exec", "trace", "latency"], "help": "what to do"}),
    (
        ("words",),
        {
            "nargs": argparse.REMAINDER,
            "help": "exec ID -- COMMAND…, trace ID DESTINATION[:PORT] [tcp|udp], latency A B [TIME]",
        },
    ),
]
_TARGET = re.compile(r"(eni|subnet)-.*|.+--.+|[a-z]+(-[a-z]+)+-\d+[a-z]")
_INSIDE = r'''conf=$0
if unshare --mount true 2>/dev/null; then
  exec unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf 2>/dev/null; rm -f "$0"; exec "$@"' "$conf" "$@"
fi
echo "fogbank: mounts of its own are not to be had here: names are asked of the host's resolver" >&2
rm -f "$conf"
exec "$@"'''
"""The VPC's resolver in the place of the host's, for this command only; in a chroot nothing can be put in its place."""


def run(cloud: Running, arguments: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Any, str]:
    """Carry out an action; returns what it found, for programs and for people. Raises RunError."""
    if arguments.action == "ls":
        found = remote.ask(cloud, "GET", "net")
        return found, "\n".join(_rows(found)) or "no interfaces"
    if arguments.action == "exec":
        execute(cloud, arguments.words, environ)
    if arguments.action == "latency":
        found = remote.ask(cloud, "POST", "net/line", line(arguments.words))
        milliseconds = found["round_trip_seconds"] * 1000
        return (
            found,
            f"{found['here']} and {found['there']}: {milliseconds:g} ms there and back, {found['loss']:.0%} lost",
        )
    answer = remote.ask(cloud, "POST", "net/trace", traced(arguments.words))
    return answer, "\n".join(_told(answer))


def _rows(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"network: {found['mode']}"
    for one in found["interfaces"]:
        addresses = " ".join([*one["addresses"], *(f"({public})" for public in one["public"])])
        yield f"{one['id']}  {one['vpc']}  {one['region']:14} {one['type']:12} {addresses}"


def execute(cloud: Running, words: list[str], environ: Mapping[str, str]) -> None:
    """Become a command inside an interface's namespace, or inside `internet[/REGION]`. Raises RunError."""
    where, command = (words[0] if words else ""), [word for at, word in enumerate(words[1:]) if at or word != "--"]
    if not where or not command:
        raise RunError("which command, and where? For example: fogbank net exec eni-… -- ip address", 2)
    place, _, region = where.partition("/")
    answer = remote.ask(cloud, "POST", "net/enter", {"id": place, "region": region})
    inside = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
    inside |= {name: value for name, value in environ.items() if name != "AWS_ENDPOINT_URL"}
    argv = [*answer["argv"], *_with_resolver(answer["resolv_conf"]), *command]
    sys.stdout.flush()
    try:
        os.execvpe(argv[0], argv, inside)  # noqa: S606 - this is what was asked for
    except OSError as error:
        raise RunError(f"{argv[0]}: {error.strerror}") from None


def _with_resolver(conf: str) -> list[str]:
    if not conf:
        return []
    with tempfile.NamedTemporaryFile("w", prefix="fogbank-resolv-", delete=False) as file:
        file.write(conf)
    return ["sh", "-c", _INSIDE, file.name]


def traced(words: list[str]) -> dict[str, Any]:
    """The request of `trace ID DESTINATION[:PORT] [tcp|udp]`. Raises RunError."""
    if len(words) not in (2, 3) or (len(words) == 3 and words[2] not in ("tcp", "udp")):
        raise RunError("from where to where? For example: fogbank net trace eni-… 10.0.2.4:443", 2)
    destination, port = words[1], "80"
    if destination.startswith("["):
        destination, _, rest = destination[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif destination.count(":") == 1:
        destination, _, port = destination.partition(":")
    if not port.isdigit():
        raise RunError(f"{port} is no port", 2)
    protocol = words[2] if len(words) == 3 else "tcp"
    return {"source": words[0], "destination": destination, "port": int(port), "protocol": protocol}


def line(words: list[str]) -> dict[str, Any]:
    """The request of `latency A B [TIME]`: two regions, or two zones of one. Raises RunError."""
    if len(words) not in (2, 3):
        raise RunError("between which regions, or zones? For example: fogbank net latency eu-west-1 us-east-1 40ms", 2)
    body: dict[str, Any] = {"here": words[0], "there": words[1]}
    if len(words) == 3:
        body["round_trip_seconds"] = seconds(words[2])
    return body


def is_target(text: str) -> bool:
    """Whether a fault is meant for something of the network rather than for calls."""
    return bool(_TARGET.fullmatch(text))


def fault(arguments: argparse.Namespace) -> dict[str, Any]:
    """The request of `fogbank fault add eni-… --rate 0.1 --for 30s`. Raises RunError."""
    if arguments.error or arguments.status is not None:
        raise RunError("packets have no error codes: --rate, --delay and --for", 2)
    body: dict[str, Any] = {"target": arguments.what}
    if arguments.rate is not None:
        body["loss"] = arguments.rate
    if arguments.delay:
        body["delay_seconds"] = seconds(arguments.delay)
    if arguments.lasting:
        body["seconds"] = seconds(arguments.lasting)
    return body


def fault_line(one: Mapping[str, Any]) -> str:
    what = [f"{one['loss']:.0%} of the packets lost"] if one.get("loss") else []
    what += [f"{one['delay_seconds'] * 1000:g} ms more"] if one.get("delay_seconds") else []
    return f"{one['id']}  {one['target']}  {' and '.join(what)}"


def _told(answer: Mapping[str, Any]) -> Iterator[str]:
    for way, name in (("forth", "there"), ("back", "and back")):
        found = answer.get(way)
        if not found:
            continue
        yield f"{name}:"
        for step in found["steps"]:
            yield f"  {step['at']:28} {step['packet']}" + (f"   {step['decided']}" if step.get("decided") else "")
        yield f"  arrives at {found['end']}" if found["end"] else f"  dies at {found['at']}: {found['reason']}"
    packet = answer.get("packet")
    if packet is None:
        yield "no packet was sent: VPCs are records only here (fogbank doctor says why)"
        return
    yield f"a packet was sent, and {_HEARD[packet['heard']]}"
    for one in packet["counted"]:
        yield f"  {one['vpc']}  {one['packets']:4} by {one['rule']}"
    if packet["died_at"]:
        yield f"  it died at {packet['died_at']}"


_HEARD = {
    "answered": "was answered",
    "refused": "reached a host where nobody listens on that port",
    "unreachable": "could not be sent: no route",
    "nothing": "nothing came back",
}
