"""The commands of `fogbank` and their options, as a table of what each says and does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from fogbank import __version__, running, settings
from fogbank.cli import dig, dns, net, plot, remote, scenarios
from fogbank.cli.doctor import findings
from fogbank.cli.words import seconds
from fogbank.clock import Clock
from fogbank.running import RunError, Running
from fogbank.settings import Settings, SettingsError

Command = Callable[[argparse.Namespace], int | None]
EPILOG = """\
three commands to begin with:
  fogbank up -d                 a cloud in the background
  eval "$(fogbank env)"         the aws CLI and the SDKs talk to it
  aws ssm put-parameter --name /greeting --value hello --type String

every setting is also an environment variable and a line in fogbank.toml: fogbank settings
exit codes: 0 done, 1 it could not be done, 2 it was asked for wrongly, 3 no cloud runs
"""


def parser() -> argparse.ArgumentParser:
    """The command line; each command's function is its `run`."""
    top = argparse.ArgumentParser(
        prog="fogbank",
        description="A cloud at ground level.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"fogbank {__version__}")
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--json", action="store_true", help="answer in JSON, for programs")
    every.add_argument("--state", metavar="DIR", help="the state folder: which cloud is meant")
    every.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="any setting")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name, run, text, options in COMMANDS:
        command = commands.add_parser(
            name, parents=[every], help=text, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        for flags, how in options:
            command.add_argument(*flags, **how)
        command.set_defaults(run=run)
    return top


def up(arguments: argparse.Namespace) -> None:
    chosen, _ = _settings(arguments)
    if not arguments.detach:
        is_watched = arguments.ready_fd is None
        running.serve(
            chosen, arguments.ready_fd, lambda card: _greet(card, chosen, arguments.json) if is_watched else None
        )
        return
    found = running.running(chosen)
    if found is None:
        found = running.start(chosen, _given(arguments))
    elif arguments.port not in (None, "0", str(found.port)):
        raise RunError(f"a cloud runs on {chosen.state_folder} already, on port {found.port}: fogbank down first")
    elif not arguments.json:
        print(f"already running (process {found.process.pid})")
    _greet(found, chosen, arguments.json)


def down(arguments: argparse.Namespace) -> None:
    chosen, _ = _settings(arguments)
    stopped = running.stop(chosen)
    _say(arguments, {"stopped": stopped}, "stopped" if stopped else "no cloud was running")


def status(arguments: argparse.Namespace) -> int:
    chosen, _ = _settings(arguments)
    found = running.running(chosen)
    if found is None:
        _say(arguments, {"running": False}, f"no cloud runs on {chosen.state_folder}")
        return 3
    info = remote.ask(found, "GET", "info")
    lines = [f"{name.replace('_', ' ')}: {_words(value)}" for name, value in info.items()]
    _say(arguments, {"running": True, **running.described(found), **info}, "\n".join([f"running: {found.url}", *lines]))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    chosen, _ = _settings(arguments)
    found = list(findings(chosen, running.running(chosen) is not None))
    lines = [
        f"{finding.state:4} {finding.name:16} {finding.detail}{f'  ->  {finding.remedy}' if finding.remedy else ''}"
        for finding in found
    ]
    _say(arguments, [finding._asdict() for finding in found], "\n".join(lines))
    return 1 if any(finding.state == "bad" for finding in found) else 0


def reset(arguments: argparse.Namespace) -> None:
    answer = remote.ask(_cloud(arguments), "POST", "reset")
    _say(arguments, answer, f"everything is forgotten ({answer['milliseconds']} ms)")


def env(arguments: argparse.Namespace) -> None:
    chosen, _ = _settings(arguments)
    found = running.needed(chosen)
    # A strict cloud takes no made-up key: it gives one of its root's.
    is_strict = remote.ask(found, "GET", "info")["strict"]
    values = _environment(found, chosen, remote.ask(found, "POST", "root-key", {}) if is_strict else None)
    _say(arguments, values, "\n".join(f"export {name}={value}" for name, value in values.items()))


def logs(arguments: argparse.Namespace) -> None:
    chosen, _ = _settings(arguments)
    path = running.log_path(chosen)
    if not path.exists():
        raise RunError(f"there is no {path}: only a cloud in the background (fogbank up -d) writes a log")
    follow = ["-F"] if arguments.follow else []
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", str(arguments.lines), *follow, str(path)])  # noqa: S606, S607 - tail does it best


def clock(arguments: argparse.Namespace) -> None:
    cloud = _cloud(arguments)
    moves: dict[str, dict[str, Any]] = {
        "show": {},
        "freeze": {"freeze": True},
        "resume": {"resume": True},
        "restart": {"restart": True},
    }
    if arguments.move == "advance":
        if arguments.by is None:
            raise RunError("advance by how much? For example: fogbank clock advance 7d", 2)
        body = {"advance_seconds": seconds(arguments.by)}
    else:
        body = moves[arguments.move]
    answer = remote.ask(cloud, "POST" if body else "GET", "clock", body or None)
    moved = f"{answer['offset_seconds']:+.0f} s from this machine's" if answer["offset_seconds"] else "this machine's"
    text = f"cloud time is {_iso(answer['now'])}, {moved}{', standing still' if answer['frozen'] else ''}"
    _say(arguments, answer, text)


def fault(arguments: argparse.Namespace) -> None:
    cloud = _cloud(arguments)
    if arguments.action == "list":
        every = [*remote.ask(cloud, "GET", "faults")["faults"], *remote.ask(cloud, "GET", "net/faults")["faults"]]
        _say(arguments, every, "\n".join(_fault_line(one) for one in every) or "no faults are in force")
    elif arguments.action == "clear":
        removed = remote.ask(cloud, "DELETE", "net/faults", {"id": arguments.what or ""})["removed"]
        if not (removed and arguments.what):
            page = f"faults/{arguments.what}" if arguments.what else "faults"
            removed += remote.ask(cloud, "DELETE", page)["removed"]
        _say(arguments, {"removed": removed}, f"{removed} removed")
    elif net.is_target(arguments.what or ""):
        found = remote.ask(cloud, "POST", "net/faults", net.fault(arguments))
        _say(arguments, found, _fault_line(found))
    else:
        found = remote.ask(cloud, "POST", "faults", _fault(arguments))
        _say(arguments, found, _fault_line(found))


def network(arguments: argparse.Namespace) -> None:
    cloud = _cloud(arguments)
    chosen, _ = _settings(arguments)
    info = remote.ask(cloud, "GET", "info")
    key = remote.ask(cloud, "POST", "root-key", {}) if info["strict"] else None
    inside = {**_environment(cloud, chosen, key), "AWS_CA_BUNDLE": info["ca_bundle"]}
    _say(arguments, *net.run(cloud, arguments, inside))


def scenario(arguments: argparse.Namespace) -> None:
    if arguments.action == "run":
        chosen, _ = _settings(arguments)
        cloud = _cloud(arguments)
        is_strict = remote.ask(cloud, "GET", "info")["strict"]
        scenarios.execute(
            arguments.words,
            _environment(cloud, chosen, remote.ask(cloud, "POST", "root-key", {}) if is_strict else None),
        )
    found = scenarios.listed()
    _say(arguments, found, "\n".join(f"{name:20} {title}" for name, title in found.items()))


def metrics(arguments: argparse.Namespace) -> None:
    cloud = _cloud(arguments)
    chosen, _ = _settings(arguments)
    is_strict = remote.ask(cloud, "GET", "info")["strict"]
    environ = _environment(cloud, chosen, remote.ask(cloud, "POST", "root-key", {}) if is_strict else None)
    now = float(remote.ask(cloud, "GET", "clock")["now"])
    lasting = seconds(arguments.since)
    frame = plot.Frame(now - lasting, now)
    period = int(seconds(arguments.period)) if arguments.period else plot.period_of(lasting, frame.width)
    body = json.dumps(plot.query(arguments, frame, period)).encode()
    headers = plot.signed_headers(body, "GetMetricStatistics", environ, Clock().now())
    found = plot.points(remote.post(cloud, "POST", "/", body, headers), arguments.stat)
    title = f"{arguments.namespace} {arguments.metric} {' '.join(arguments.dimension)}".rstrip()
    lines = [f"{title}, {arguments.stat} of {period} s", *plot.drawn(found, frame)]
    _say(arguments, [{"at": at, "value": value} for at, value in found], "\n".join(lines))


def names(arguments: argparse.Namespace) -> None:
    _say(arguments, *dns.run(_cloud(arguments), arguments))


def resolve(arguments: argparse.Namespace) -> None:
    where = remote.ask(_cloud(arguments), "GET", "info")["dns"]
    found = dig.asked(where, arguments.name, arguments.type, wants_proof=arguments.dnssec)
    _say(arguments, dig.listed(found), dig.told(found))


def coverage(arguments: argparse.Namespace) -> None:
    if arguments.cloudformation:
        types = remote.ask(_cloud(arguments), "GET", "coverage/cloudformation")
        chosen = {name: types.get(name, []) for name in [arguments.service]} if arguments.service else types
        _say(arguments, chosen, "\n".join(one for found in chosen.values() for one in found))
        return
    found = remote.ask(_cloud(arguments), "GET", "coverage")
    if arguments.service and arguments.service not in found:
        raise RunError(f"no service here is named {arguments.service}; there are {', '.join(found)}")
    wanted = {arguments.service: found[arguments.service]} if arguments.service else found
    lines = []
    for name, service in wanted.items():
        lines.append(f"{name:16} {len(service['implemented']):4} of {service['operations']:4} operations")
        if arguments.service:
            lines += [f"  {operation}" for operation in service["implemented"]]
            lines += [f"  {operation}  NotImplemented" for operation in service["not_implemented"]]
    _say(arguments, wanted, "\n".join(lines))


def show_settings(arguments: argparse.Namespace) -> None:
    chosen, sources = _settings(arguments)
    found = settings.listed(chosen, sources)
    lines = [
        f"{one.name} = {_words(one.value)}  ({one.source})\n    {one.description}  FOGBANK_{one.name.upper()}"
        for one in found
    ]
    rows = [
        {"name": one.name, "value": one.value, "source": one.source, "description": one.description} for one in found
    ]
    _say(arguments, rows, "\n".join(lines))


def version(arguments: argparse.Namespace) -> None:
    _say(arguments, {"version": __version__}, f"fogbank {__version__}")


def completion(arguments: argparse.Namespace) -> None:
    names = " ".join(name for name, *_ in COMMANDS)
    options = {
        name: " ".join(flag for flags, _ in how for flag in flags if flag[0] == "-") for name, _, _, how in COMMANDS
    }
    cases = "\n".join(f'    {name}) words="{flags} --json --state --set --help" ;;' for name, flags in options.items())
    print(_COMPLETION[arguments.shell].format(names=names, cases=cases))


_COMPLETION = {
    "bash": """_fogbank() {{
  local words="{names} --help --version"
  [ "$COMP_CWORD" -gt 1 ] && case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -F _fogbank fogbank""",
    "zsh": """#compdef fogbank
_fogbank() {{
  local words="{names} --help --version"
  (( CURRENT > 2 )) && case "$words[2]" in
{cases}
  esac
  compadd -- ${{=words}}
}}
compdef _fogbank fogbank""",
}

_UP: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("-d", "--detach"), {"action": "store_true", "help": "in the background; returns when it answers"}),
    (("--host",), {"help": "address to listen on"}),
    (("--port",), {"help": "port to listen on; 0 takes a free one"}),
    (("--tls-port",), {"dest": "tls_port", "help": "port for HTTPS as well"}),
    (("--ephemeral",), {"action": "store_const", "const": "true", "help": "keep nothing"}),
    (("--strict",), {"action": "store_const", "const": "true", "help": "refuse keys that fogbank did not issue"}),
    (("--ready-fd",), {"dest": "ready_fd", "type": int, "help": argparse.SUPPRESS}),
]
_FAULT: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("action",), {"choices": ["list", "add", "clear"], "help": "what to do"}),
    (
        ("what",),
        {
            "nargs": "?",
            "help": "SERVICE[:OPERATION], eni-…, subnet-…, a zone, or REGION--REGION; the id to clear (none: all)",
        },
    ),
    (("--error",), {"help": "the error's code, such as ThrottlingException"}),
    (("--status",), {"type": int, "help": "its HTTP status (500)"}),
    (("--delay",), {"metavar": "TIME", "help": "hold calls back, or packets, for a round trip: 200ms, 2s"}),
    (("--rate",), {"type": float, "help": "the share of the calls, or packets, that it hits (1)"}),
    (("--for",), {"dest": "lasting", "metavar": "TIME", "help": "until it is over: 30s, 5m (no end)"}),
]
_METRICS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("action",), {"choices": ["plot"], "help": "what to do"}),
    (("namespace",), {"help": "such as AWS/SQS"}),
    (("metric",), {"help": "such as NumberOfMessagesSent"}),
    (("--dimension",), {"action": "append", "default": [], "metavar": "NAME=VALUE", "help": "each of the metric's"}),
    (("--stat",), {"default": "Average", "help": "Average, Sum, Minimum, Maximum, SampleCount, p99, … (Average)"}),
    (("--since",), {"default": "3h", "metavar": "TIME", "help": "how far back: 30m, 3h, 7d (3h)"}),
    (("--period",), {"metavar": "TIME", "help": "of one value (what fits)"}),
]
COMMANDS: list[tuple[str, Command, str, list[tuple[tuple[str, ...], dict[str, Any]]]]] = [
    ("up", up, "start a cloud", _UP),
    ("down", down, "stop the cloud", []),
    ("status", status, "what runs, and how", []),
    ("doctor", doctor, "what this machine offers, and what turns on what is off", []),
    ("reset", reset, "forget everything", []),
    ("env", env, "what to export so that the aws CLI and the SDKs talk to the cloud", []),
    (
        "logs",
        logs,
        "the log of the cloud in the background",
        [
            (("-f", "--follow"), {"action": "store_true", "help": "go on as it grows"}),
            (("-n", "--lines"), {"type": int, "default": 50, "help": "how many lines (50)"}),
        ],
    ),
    (
        "clock",
        clock,
        "cloud time: what expiry, rotation and deletion go by",
        [
            (
                ("move",),
                {"nargs": "?", "default": "show", "choices": ["show", "advance", "freeze", "resume", "restart"]},
            ),
            (("by",), {"nargs": "?", "metavar": "TIME", "help": "how far to advance: 90s, 15m, 2h, 7d"}),
        ],
    ),
    ("fault", fault, "errors and delays put on operations on purpose", _FAULT),
    ("net", network, "look into networks: ls, exec ID -- COMMAND, trace ID DESTINATION:PORT", net.OPTIONS),
    ("dns", names, "how this machine asks for names; latency, edges", dns.OPTIONS),
    ("dig", resolve, "what the cloud's name server says to this machine", dig.OPTIONS),
    ("scenario", scenario, "the stories that come with the source: list, run NAME", scenarios.OPTIONS),
    ("metrics", metrics, "draw a metric of CloudWatch", _METRICS),
    (
        "coverage",
        coverage,
        "which operations have code, or which resource types",
        [
            (("service",), {"nargs": "?"}),
            (("--cloudformation",), {"action": "store_true", "help": "resource types of CloudFormation instead"}),
        ],
    ),
    ("settings", show_settings, "every setting, its value and where that came from", []),
    ("completion", completion, "a completion script", [(("shell",), {"choices": ["bash", "zsh"]})]),
    ("version", version, "the version", []),
]


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line names."""
    given: dict[str, Any] = {}
    for pair in arguments.set:
        name, equals, value = pair.partition("=")
        if not equals:
            raise RunError(f"--set {pair}: write NAME=VALUE", 2)
        given[name] = value
    names = set(Settings.__struct_fields__)
    found = {name: value for name, value in vars(arguments).items() if name in names and value is not None}
    return {**given, **found}


def _settings(arguments: argparse.Namespace) -> tuple[Settings, Mapping[str, str]]:
    try:
        return settings.load(given=_given(arguments))
    except SettingsError as error:
        raise RunError(str(error), 2) from None


def _cloud(arguments: argparse.Namespace) -> Running:
    return running.needed(_settings(arguments)[0])


def _environment(found: Running, chosen: Settings, key: Mapping[str, str] | None = None) -> dict[str, str]:
    """What clients need, over HTTP also where HTTPS is served; `key` instead of a made-up one."""
    return {
        "AWS_ENDPOINT_URL": found.url,
        "AWS_ACCESS_KEY_ID": key["access_key_id"] if key else chosen.account,
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"] if key else "fogbank",
        "AWS_DEFAULT_REGION": chosen.region,
    }


def _greet(found: Running, chosen: Settings, as_json: bool) -> None:
    if as_json:
        print(json.dumps(running.described(found)), flush=True)
        return
    lines = [f"  export {name}={value}" for name, value in _environment(found, chosen).items()]
    exports = '  eval "$(fogbank env)"' if chosen.strict else "\n".join(lines)
    kept = "nothing is kept" if chosen.ephemeral else f"state in {chosen.state_folder}"
    print(
        f"fogbank {__version__} answers at {found.url} ({kept})\n\n{exports}\n\n"
        "  aws sts get-caller-identity\n"
        "  aws ssm put-parameter --name /greeting --type SecureString --value hello\n"
        "  aws ssm get-parameter --name /greeting --with-decryption\n",
        flush=True,
    )


def _fault(arguments: argparse.Namespace) -> dict[str, Any]:
    service, _, operation = (arguments.what or "*").partition(":")
    body: dict[str, Any] = {"service": service, "operation": operation or "*"}
    for name, value in (("error", arguments.error), ("status", arguments.status), ("rate", arguments.rate)):
        if value is not None:
            body[name] = value
    if arguments.delay:
        body["delay_seconds"] = seconds(arguments.delay)
    if arguments.lasting:
        body["seconds"] = seconds(arguments.lasting)
    return body


def _fault_line(one: Mapping[str, Any]) -> str:
    if "target" in one:
        return net.fault_line(one) + (f", until {_iso(one['ends_at'])}" if one.get("ends_at") else "")
    what = [one["error"]] if one.get("error") else []
    what += [f"{one['delay_seconds']:g} s late"] if one.get("delay_seconds") else []
    until = f", until {_iso(one['ends_at'])}" if one.get("ends_at") else ""
    rate = f", {one['rate']:.0%} of the calls" if one.get("rate", 1) < 1 else ""
    return f"{one['id']}  {one.get('service', '*')}:{one.get('operation', '*')}  {' and '.join(what)}{rate}{until}"


def _iso(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _say(arguments: argparse.Namespace, value: Any, text: str) -> None:
    print(json.dumps(value, indent=2) if arguments.json else text)
