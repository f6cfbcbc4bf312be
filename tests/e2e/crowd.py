"""A queue of thousands for the page, in a process that a test may stop (tests/queue_stand_in.py)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.integration.test_roles import free_ports

READY_S = 30.0


class CrowdServer:
    """Started with ``contacts`` who wait; nothing changes until a test says so."""

    def __init__(self, log: Path, contacts: int = 5_000):
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        command = (sys.executable, "tests/queue_stand_in.py", "--port", str(self.port))
        with log.open("wb") as out:
            self.child = subprocess.Popen(
                (*command, "--contacts", str(contacts)), cwd=ROOT, stdout=out, stderr=out
            )
        end_s = time.monotonic() + READY_S
        while not self._answers():
            assert self.child.poll() is None and time.monotonic() < end_s, log.read_text()[-3_000:]
            time.sleep(0.1)

    def drive(self, what: str, **said: Any) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/stand-in/{what}",
            method="POST",
            data=json.dumps(said).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found

    def freeze(self) -> None:
        """It keeps every connection and says nothing any more."""
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.child.pid, signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        self.child.terminate()
        self.child.wait(10)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/me", timeout=2) as answer:  # noqa: S310
                return bool(json.load(answer))
        except (urllib.error.URLError, OSError):
            return False
