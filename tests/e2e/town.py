"""The intake as its users meet it: an app opens contacts, a handler sends links, both over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import ROOT
from tests.integration.test_roles import free_ports

DESK = "desk-token-0123456789"
READY_S = 180.0
"""A machine with ten times the work of its cores starts it in a minute; what never starts fails anyway."""
REPLY_S = 15.0


class Caller(NamedTuple):
    """A contact as its app and as the console know it."""

    handle: str
    token: str
    contact: str


class Town:
    """One `intake serve` on SQLite with the app channel open and location links on."""

    def __init__(self, folder: Path):
        http, smtp, console = free_ports(3)
        self.url, self._console = f"http://127.0.0.1:{http}", f"http://127.0.0.1:{console}/api/v1"
        self._log = folder / "intake.log"
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")},
            "INTAKE_CONFIG": str(ROOT / "config"),
            "INTAKE_STORE__URL": f"sqlite:///{folder}/intake.db",
            "INTAKE_DOORS__HTTP_PORT": str(http),
            "INTAKE_DOORS__SMTP_PORT": str(smtp),
            "INTAKE_DOORS__PUBLIC_URL": self.url,
            "INTAKE_CONSOLE__PORT": str(console),
            "INTAKE_CONSOLE__TOKENS__ADA": hashlib.sha256(DESK.encode()).hexdigest(),
            "INTAKE_CHANNELS__APP__ENABLED": "true",
            "INTAKE_CHANNELS__APP__TOKEN_SECRET": "t" * 40,
            "INTAKE_LINKS__SECRET": "l" * 40,
        }
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                (sys.executable, "-m", "intake", "serve"),
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end_s = time.monotonic() + READY_S
        while not self._is_whole():
            if self._child.poll() is not None or time.monotonic() > end_s:
                self._child.terminate()
                self._child.wait(20)
                raise AssertionError(self._log.read_text()[-3_000:])
            time.sleep(0.1)

    def stop(self) -> None:
        if self._child is not None:
            self._child.send_signal(signal.SIGTERM)
            assert self._child.wait(20) == 0, self._log.read_text()[-3_000:]

    def _is_whole(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:  # noqa: S310
                return json.load(answer)["loading"] is False
        except (urllib.error.URLError, OSError):
            return False

    # -- who writes, and who answers -----------------------------------------------------------------------

    def caller(self, text: str = "help me", language: str = "") -> Caller:
        """Somebody's first message by the app."""
        body = {"id": str(uuid.uuid4()), "text": text, "language": language}
        opened = self._ask("POST", f"{self.url}/app/v1/contacts", body)
        rows = self.console("GET", "/queue?limit=100")["rows"]
        contact = next(row["id"] for row in rows if row["caller"] == f"app:{opened['contact']}")
        return Caller(opened["contact"], opened["token"], contact)

    def link(self, caller: Caller, mode: str = "once") -> str:
        """Send a location link as a handler does; returns the address as the caller reads it."""
        taken = self.console("POST", f"/contacts/{caller.contact}/claim", {})["contact"]
        fence = {"attempts": taken["attempts"]}
        sent = self.console("POST", f"/contacts/{caller.contact}/links", {**fence, "mode": mode})
        self.console("POST", f"/contacts/{caller.contact}/release", fence)
        end_s = time.monotonic() + REPLY_S
        while time.monotonic() < end_s:
            for reply in self._replies(caller):
                if reply["id"] == sent["reply_id"]:
                    (address,) = re.findall(r"https?://\S+/l/\w+", reply["text"])
                    return str(address)
            time.sleep(0.05)
        raise AssertionError("the link never reached its caller")

    def new_link(self, mode: str = "once", language: str = "") -> tuple[str, Caller]:
        caller = self.caller(language=language)
        return self.link(caller, mode), caller

    def shown(self, caller: Caller) -> dict[str, Any]:
        """All of a contact, as the console shows it."""
        return self.console("GET", f"/contacts/{caller.contact}")

    def close(self, caller: Caller) -> None:
        taken = self.console("POST", f"/contacts/{caller.contact}/claim", {})["contact"]
        said = {"attempts": taken["attempts"], "reason": "done"}
        self.console("POST", f"/contacts/{caller.contact}/close", said)

    def console(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return self._ask(method, self._console + path, body, DESK)

    def _replies(self, caller: Caller) -> list[dict[str, Any]]:
        path = f"{self.url}/app/v1/contacts/{caller.handle}/replies"
        found: list[dict[str, Any]] = self._ask("GET", path, None, caller.token)["replies"]
        return found

    def _ask(self, method: str, url: str, body: Any = None, token: str = "") -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
