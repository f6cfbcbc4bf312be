"""The intake as a process that may be killed at any time, whole or only its writer, all doors open."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import psutil
from killed_load import ACCOUNT, AUTH_TOKEN, BOT, MAILBOX, OUR_NUMBER, PUBLIC_URL, SECRET_TOKEN

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 30.0
EMAIL = {
    "INTAKE_CHANNELS__EMAIL__ENABLED": "true",
    "INTAKE_CHANNELS__EMAIL__MAILBOXES": f'["{MAILBOX}"]',
}


class Victim:
    """The intake as a process; only ever its own pid, or its child's, is killed."""

    def __init__(self, url: str, broken: bool, folder: Path):
        self.http_port, self.smtp_port, console_port = free_ports(3)
        self._log = (folder / "intake.log").open("ab")
        self.log_path = folder / "intake.log"
        program = [str(Path(__file__).with_name("answer_first.py"))] if broken else ["-m", "intake"]
        self._command = [sys.executable, *program, "serve", "--config", str(ROOT / "config")]
        nowhere = "http://127.0.0.1:9"  # replies find nobody: they are not what is tested here
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")},
            "PYTHONPATH": str(ROOT),
            "INTAKE_DATA_DIR": os.environ.get("INTAKE_DATA_DIR", str(ROOT / "var" / "data")),
            "INTAKE_STORE__URL": url,
            "INTAKE_DOORS__HTTP_PORT": str(self.http_port),
            "INTAKE_DOORS__SMTP_PORT": str(self.smtp_port),
            "INTAKE_DOORS__PUBLIC_URL": PUBLIC_URL,
            "INTAKE_CONSOLE__PORT": str(console_port),
            "INTAKE_CHANNELS__SMS__ENABLED": "true",
            "INTAKE_CHANNELS__SMS__ACCOUNT_SID": ACCOUNT,
            "INTAKE_CHANNELS__SMS__AUTH_TOKEN": AUTH_TOKEN,
            "INTAKE_CHANNELS__SMS__NUMBERS": f'["{OUR_NUMBER}"]',
            "INTAKE_CHANNELS__SMS__API_BASE": nowhere,
            "INTAKE_CHANNELS__APP__ENABLED": "true",
            "INTAKE_CHANNELS__APP__TOKEN_SECRET": "only-for-tests-0123456789abcdefghijklmnop",
            "INTAKE_CHANNELS__TELEGRAM__ENABLED": "true",
            "INTAKE_CHANNELS__TELEGRAM__BOT_TOKEN": f"{BOT}:AAtest-token-of-no-bot-at-all-000000",
            "INTAKE_CHANNELS__TELEGRAM__SECRET_TOKEN": SECRET_TOKEN,
            "INTAKE_CHANNELS__TELEGRAM__API_BASE": nowhere,
            **EMAIL,
            "INTAKE_CHANNELS__EMAIL__RELAY_PORT": "9",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0

    def start(self) -> None:
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=self._log, stderr=self._log
        )

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def kill_writer(self) -> None:
        """SIGKILL the process that commits, and leave the intake to itself."""
        assert self._process is not None
        self._started_s = time.monotonic()
        for child in psutil.Process(self._process.pid).children():
            child.kill()
            child.wait()

    async def ready(self) -> float:
        """Seconds from start until /health says 200 and the SMTP door greets."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
            while not (await self._is_healthy(http) and await self._greets()):
                if self._process is None or self._process.poll() is not None:
                    raise RuntimeError(f"the intake ended by itself:\n{self._last_words()}")
                if time.monotonic() - self._started_s > START_LIMIT_S:
                    raise RuntimeError(
                        f"the intake did not start in {START_LIMIT_S} s:\n{self._last_words()}"
                    )
                await asyncio.sleep(0.01)
        return time.monotonic() - self._started_s

    async def _is_healthy(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"http://127.0.0.1:{self.http_port}/health") as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def _greets(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.smtp_port)
            greeting = await reader.readline()
            writer.close()
        except OSError:
            return False
        return greeting.startswith(b"220")

    def _last_words(self) -> str:
        return self.log_path.read_text("utf-8", "replace")[-2000:]


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; kept by nobody until the intake takes them."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
