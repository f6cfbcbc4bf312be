"""An office whose control rooms are reference rooms, each a process of its own that can be told to fail."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT
from tests.e2e.office import Office
from tests.e2e.town import Caller
from tests.integration.test_roles import free_ports

READY_S = 30.0

ACCEPTS, BY_HAND, REFUSES, SLOW = (
    "fire-west-yorkshire",
    "ambulance-yorkshire",
    "police-west-yorkshire",
    "fire-humberside",
)
RULES = {ACCEPTS: "accept", BY_HAND: "hand", REFUSES: "reject", SLOW: "hand"}
LEEDS = {"lat": 53.7960, "lon": -1.5577, "accuracy": 20}
HULL = {"lat": 53.7440, "lon": -0.3325, "accuracy": 18}


class Room(NamedTuple):
    """A running reference room."""

    id: str
    url: str
    token: str
    process: subprocess.Popen[str]

    def tell(self, mode: str, slow_s: float = 0.0) -> None:
        self._post("/control/mode", {"mode": mode, "slow_s": slow_s})

    def incidents(self) -> str:
        """Its own page of incidents, as its people see it."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        said = urllib.parse.urlencode({"token": self.token}).encode()
        with opener.open(f"{self.url}/sign-in", data=said, timeout=10) as answer:
            return str(answer.read().decode())

    def _post(self, path: str, body: object) -> None:
        request = urllib.request.Request(  # noqa: S310
            self.url + path,
            method="POST",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200


class District(Office):
    """`intake serve` and `intake control-room` four times, over real sockets."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._folder = folder
        self.database = folder / "intake.db"
        self._ports = dict(zip(RULES, free_ports(len(RULES)), strict=True))
        self.rooms: dict[str, Room] = {}
        for room, port in self._ports.items():
            variable = room.replace("-", "_").upper()
            secret = base64.b64encode(secrets.token_bytes(32)).decode()
            (folder / f"{room}.secret").write_text(secret)
            self._environ[f"INTAKE_FEEDS__SECRETS__{variable}"] = secret
            self._environ[f"INTAKE_FEEDS__URLS__{variable}"] = f"http://127.0.0.1:{port}/feed"

    def start(self) -> None:
        for room in RULES:
            if room not in self.rooms:
                self.rooms[room] = self._open(room)
        super().start()

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            for room in self.rooms.values():
                room.process.send_signal(signal.SIGTERM)
                room.process.wait(10)
                if room.process.stdout is not None:
                    room.process.stdout.close()

    def says(self, caller: Caller, text: str) -> None:
        """The caller writes again."""
        path = f"{self.url}/app/v1/contacts/{caller.handle}/messages"
        self._ask("POST", path, {"id": str(uuid.uuid4()), "text": text}, caller.token)

    def _open(self, room: str) -> Room:
        # fmt: off
        command = [
            sys.executable, "-m", "intake", "control-room", "--room", room, "--port", str(self._ports[room]),
            "--secret-file", str(self._folder / f"{room}.secret"), "--rule", RULES[room], "--delay", "0.5",
            "--callback", f"{self.url}/mait/confirmations", "--db", str(self._folder / f"{room}.db"),
        ]
        # fmt: on
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        said, end_s = "", time.monotonic() + READY_S
        while time.monotonic() < end_s:
            said = process.stdout.readline()
            if found := re.search(r"page (\S+?)/  token (\S+)", said):
                return Room(room, found[1], found[2], process)
        raise AssertionError(f"{room} did not start: {said}")
