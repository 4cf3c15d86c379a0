"""What processes have used: it grows with what they do, and whoever has ended is not forgotten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fogbank.planes import usage

_CHILD = """\
import os, subprocess, sys
burn = "n = 0\\nwhile n < 4_000_000: n += 1"
subprocess.run([sys.executable, "-c", burn])
with open(sys.argv[1], "wb") as file:
    file.write(os.urandom(1 << 20))
    os.fsync(file.fileno())
print("done", flush=True)
sys.stdin.read()
"""


def test_a_process_has_used_what_it_and_its_ended_children_have(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _CHILD, str(tmp_path / "file")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        before = usage.of(child.pid)
        assert child.stdout is not None and child.stdout.readline() == b"done\n"
        after = usage.of(child.pid)
        child.communicate()
    assert after.cpu_seconds - before.cpu_seconds > 0.05
    if after.written_bytes is not None and before.written_bytes is not None:
        assert after.written_bytes >= before.written_bytes


def test_a_process_that_is_gone_has_used_nothing() -> None:
    assert usage.of(2**22 + 1) == (0.0, 0, 0, 0)


def test_the_machine() -> None:
    assert 1 <= usage.cores() <= (os.cpu_count() or 1)
    assert usage.free_bytes() > 1 << 20
