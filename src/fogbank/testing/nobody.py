"""For tests: an unprivileged user of this machine, who runs tests of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import fogbank

_NOBODY = 65534
_SECONDS_MAX = 280.0


class Nobody:
    """An unprivileged user with a home, who runs this checkout's code with an interpreter that everybody may run."""

    def __init__(self, home: Path, tests: Path) -> None:
        self._tests = tests
        self._python = sys.executable
        packages = (str(Path(fogbank.__file__).parent.parent), sysconfig.get_path("purelib"))
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": os.pathsep.join(packages),
            "PYTHONDONTWRITEBYTECODE": "1",
            "FOGBANK_NETWORK": "rootless",
        }

    def python(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run Python as nobody. Raises OSError where nobody may not."""
        return subprocess.run(  # noqa: S603 - the words are the test's
            [self._python, *argv],
            user=_NOBODY,
            group=_NOBODY,
            extra_groups=[],
            umask=0o022,
            env=self._environ,
            cwd=self._tests.parent.parent,
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
        )

    def hindrance(self) -> str:
        """Why nobody has no networks here; empty if there are."""
        said = "no interpreter that everybody may run"
        for self._python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
            try:
                asked = self.python("-c", _ASK, str(self._tests))
            except OSError as error:
                said = f"{error.filename}: {error.strerror} (for everybody)"
                continue
            if asked.stdout == "yes\n":
                return ""
            said = (asked.stdout or asked.stderr).strip().rpartition("\n")[2]
        return said

    def lacks(self, feature: str) -> bool:
        """Whether nobody's networks do without something of the kernel's."""
        code = "import sys; from fogbank.planes.net import probe; print([f.name for f in probe.features() if f.works])"
        return feature not in self.python("-c", code).stdout

    @property
    def is_like_us(self) -> bool:
        """Whether nobody may run what lies beside our own interpreter: other people's commands."""
        return self._python == sys.executable


_ASK = """
import os, sys, pytest, boto3
from fogbank.planes.net import probe, uplinks
os.listdir(sys.argv[1])
print(probe.found("rootless")[1] or "yes")
"""


@contextmanager
def somebody(tests: Path) -> Iterator[Nobody]:
    """Nobody with a home, for the time of a test; `tests` is the folder of tests that he is to run. Skips without."""
    if os.geteuid():
        pytest.skip("this user is unprivileged, and the other tests have run rootless already")
    # Pytest's own folders are of whoever runs it, and nobody else's.
    home = Path(tempfile.mkdtemp(prefix="fogbank-nobody-"))
    os.chown(home, _NOBODY, _NOBODY)
    try:
        found = Nobody(home, tests)
        if reason := found.hindrance():
            pytest.skip(f"networks (rootless, as nobody): {reason}")
        yield found
    finally:
        shutil.rmtree(home)
