"""Settings and the clock: where values come from, and how cloud time moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.clock import Clock
from fogbank.settings import Settings, SettingsError, from_localstack, listed, load


def test_later_sources_win_and_are_named(tmp_path: Path) -> None:
    file = tmp_path / "fogbank.toml"
    file.write_text('port = 1\nregion = "eu-west-1"\nstrict = true\n')
    environ = {"GATEWAY_LISTEN": "0.0.0.0:2", "FOGBANK_PORT": "3", "FOGBANK_STRICT": "no", "OTHER": "x"}
    found, sources = load(environ, {"port": "4", "account": None}, file)
    assert (found.port, found.host, found.region, found.strict) == (4, "0.0.0.0", "eu-west-1", False)
    assert sources == {
        "port": "command line",
        "host": "LocalStack's environment",
        "region": str(file),
        "strict": "environment",
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": "http"}, "port"),
        ({"port": 70000}, "port"),
        ({"durability": "maybe"}, "durability"),
        ({"account": "12"}, "account"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(given: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load({}, given, Path("/nonexistent"))


def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "fogbank.toml").write_text("port 1")
    with pytest.raises(SettingsError, match="toml"):
        load({}, {}, tmp_path / "fogbank.toml")


def test_localstacks_names_mean_the_same() -> None:
    assert from_localstack({"GATEWAY_LISTEN": ":4567", "PERSISTENCE": "0", "DEBUG": "1"}) == {
        "port": "4567",
        "ephemeral": "true",
        "log_level": "debug",
    }
    assert from_localstack({"PERSISTENCE": "1"}) == {"ephemeral": "false"}
    assert from_localstack({}) == {}


def test_every_setting_is_listed_with_its_meaning() -> None:
    found = listed(*load({}, {}, Path("/nonexistent")))
    assert [one.name for one in found] == list(Settings.__struct_fields__)
    assert all(one.description and one.source == "default" for one in found)


def test_cloud_time_moves_forward_only_and_can_stand_still() -> None:
    clock = Clock(frozen_at=100.0)
    assert clock.advance(5) == 105.0 == clock.now()
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    clock.resume()
    assert 105.0 <= clock.now() < 106.0
    running = clock.advance(1000)
    assert 1105.0 <= running < 1106.0
    assert clock.freeze() == clock.now() == clock.now()


def test_timers_fire_in_order_when_their_time_has_come() -> None:
    clock, fired = Clock(frozen_at=0.0), list[str]()
    clock.call_at(20, lambda: fired.append("late"))
    clock.call_at(10, lambda: fired.append("early"))
    clock.call_at(15, lambda: fired.append("never")).cancel()
    assert clock.next_due() == 10 and clock.fire_due() == 0
    clock.advance(30)
    assert clock.fire_due() == 2 and fired == ["early", "late"]
    assert clock.next_due() is None
