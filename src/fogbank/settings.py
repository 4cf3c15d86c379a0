"""Every setting: its name, default, meaning, and where its value came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

PREFIX = "FOGBANK_"
ACCOUNT_PATTERN = r"^\d{12}$"


def _doc(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may choose; every field is also FOGBANK_<NAME> in the environment and a line in fogbank.toml."""

    host: Annotated[str, _doc("Address that the API listens on.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535, description="Port of the API; 0 takes a free one.")] = 4566
    state: Annotated[str, _doc("Folder that holds everything that lasts.")] = "~/.local/state/fogbank"
    ephemeral: Annotated[
        bool, _doc("Keep nothing: the state lives in memory-backed files and goes with the process.")
    ] = False
    durability: Annotated[
        Literal["process", "power"],
        _doc("What an acknowledged write survives: the death of the process, or a power cut as well (fsync)."),
    ] = "process"
    strict: Annotated[bool, _doc("Refuse access keys that fogbank did not issue.")] = False
    enforcement: Annotated[
        Literal["on", "audit", "off"],
        _doc(
            "Policies: on = enforced for principals made through IAM; audit = log what would be denied; off = ignored."
        ),
    ] = "on"
    account: Annotated[str, msgspec.Meta(pattern=ACCOUNT_PATTERN, description="Account of a key that names none.")] = (
        "000000000000"
    )
    region: Annotated[str, _doc("Region of a request that names none.")] = "us-east-1"
    dns_port: Annotated[
        int,
        msgspec.Meta(
            ge=-1,
            le=65535,
            description="Port of DNS for programs of this machine, at 127.0.0.1; 0 takes a free one, -1 is no DNS.",
        ),
    ] = 4553
    xray_port: Annotated[
        int,
        msgspec.Meta(
            ge=-1,
            le=65535,
            description="Port of X-Ray's daemon for programs of this machine, at 127.0.0.1; 0: a free one, -1: none.",
        ),
    ] = 2000
    dns_answers_per_second: Annotated[
        float,
        msgspec.Meta(
            ge=0,
            description="How often a network is sent one answer over UDP, except this machine and VPCs; 0: any.",
        ),
    ] = 200.0
    tls_port: Annotated[int, msgspec.Meta(ge=0, le=65535, description="Port for HTTPS; 0 is no HTTPS.")] = 0
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _doc("How much is logged.")] = "info"
    allowed_origins: Annotated[
        str, _doc("Origins whose pages may call (CORS), separated by commas; * would let any visited site do it.")
    ] = "http://localhost:*,http://127.0.0.1:*"
    body_bytes_max: Annotated[int, msgspec.Meta(ge=1024, description="Largest request body that is buffered.")] = (
        128 * 1024 * 1024
    )
    network: Annotated[
        Literal["auto", "full", "rootless", "plain"],
        _doc("How VPCs are made: as root, in a user namespace, or as records only; auto takes the best there is."),
    ] = "auto"
    bandwidth_scale: Annotated[
        float,
        msgspec.Meta(
            ge=0,
            description="Share of the published bandwidth that an interface with an instance type gets; 0 is no limit.",
        ),
    ] = 1.0
    postgresql: Annotated[
        str, _doc("Folders of PostgreSQL servers, separated by colons, before those that are found by themselves.")
    ] = ""
    node_modules: Annotated[
        str,
        _doc("Folder of packages that functions in Node find, AWS's SDK above all; empty is where `make up` puts it."),
    ] = ""
    uplink: Annotated[
        Literal["off", "slirp"],
        _doc("Whether the internets of VPCs lead on to this machine's own network: by slirp4netns, or not at all."),
    ] = "off"
    longtail: Annotated[bool, _doc("Serve unknown services by moto in process, if the extra is installed.")] = True

    @property
    def state_folder(self) -> Path:
        return Path(self.state).expanduser().absolute()


class Setting(msgspec.Struct, frozen=True):
    """One setting as `fogbank settings` lists it."""

    name: str
    value: Any
    source: str
    description: str


class SettingsError(ValueError):
    """A setting that is unknown or has a value that does not fit; the text names it."""


def from_localstack(environ: Mapping[str, str]) -> dict[str, str]:
    """LocalStack's variables that mean the same here, as fogbank's settings."""
    found: dict[str, str] = {}
    listen = environ.get("GATEWAY_LISTEN", "").split(",")[0]
    host, _, port = listen.rpartition(":")
    if port:
        found["port"] = port
    if host:
        found["host"] = host
    if "PERSISTENCE" in environ:
        found["ephemeral"] = "false" if _is_true(environ["PERSISTENCE"]) else "true"
    if _is_true(environ.get("DEBUG", "")):
        found["log_level"] = "debug"
    return found


def load(
    environ: Mapping[str, str] | None = None, given: Mapping[str, Any] | None = None, file: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """The settings and where each came from; later sources win: file, LocalStack's names, FOGBANK_…, the command line.

    The file is `fogbank.toml` in the working folder unless `file` or FOGBANK_SETTINGS names another.
    Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    path = file or Path(environ.get(PREFIX + "SETTINGS", "fogbank.toml"))
    names = set(Settings.__struct_fields__)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    own = {
        key[len(PREFIX) :].lower(): value
        for key, value in environ.items()
        if key.startswith(PREFIX) and key[len(PREFIX) :].lower() in names
    }
    chosen = {key: value for key, value in (given or {}).items() if value is not None}
    for source, found in (
        (str(path), _read(path)),
        ("LocalStack's environment", from_localstack(environ)),
        ("environment", own),
        ("command line", chosen),
    ):
        if unknown := set(found) - names:
            raise SettingsError(f"{source}: no setting is named {', '.join(sorted(unknown))}")
        values.update(found)
        sources.update(dict.fromkeys(found, source))
    try:
        return msgspec.convert(_lowered_booleans(values), Settings, strict=False), sources
    except msgspec.ValidationError as error:
        raise SettingsError(str(error).replace("`$.", "`")) from None


def listed(settings: Settings, sources: Mapping[str, str]) -> list[Setting]:
    """Every setting with its value, source and meaning, in the order of the class."""
    hints = get_type_hints(Settings, include_extras=True)
    return [
        Setting(name, getattr(settings, name), sources.get(name, "default"), hints[name].__metadata__[0].description)
        for name in Settings.__struct_fields__
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _is_true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on"}


def _lowered_booleans(values: dict[str, Any]) -> dict[str, Any]:
    """Environment variables say yes and no in many ways; msgspec knows 1, 0, true and false."""
    words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    booleans = {name for name, kind in Settings.__annotations__.items() if "bool" in kind}
    return {
        key: words.get(value.strip().lower(), value.strip().lower())
        if key in booleans and isinstance(value, str)
        else value
        for key, value in values.items()
    }
