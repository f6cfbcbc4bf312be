"""`intake serve` as a process of its own, as an operator runs it: start, wait until whole, end by its id."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from intake.errors import IntakeError

READY_S = 40.0
"""A cold machine with two busy cores needs about ten."""

END_S = 10.0
LOG_LINES_SHOWN = 12


class DemoFailed(IntakeError):
    """The demo cannot go on; the text says what happened and shows where to look."""

    code = "demo_failed"


class IntakeProcess:
    """One child in a session of its own: Ctrl+C reaches the demo, and the demo ends the child in order."""

    def __init__(self, config_dir: Path, log_path: Path, environ: Mapping[str, str], http_url: str):
        self._command = (sys.executable, "-m", "intake", "serve", "--config", str(config_dir))
        self._log_path, self._environ, self._http_url = log_path, environ, http_url
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Returns once doors, workers and console all stand; raises DemoFailed with the log's end."""
        with self._log_path.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(READY_S), aiohttp.ClientSession() as http:
                while not await self._is_whole(http):
                    self.require_alive()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise DemoFailed(f"the intake was not ready within {READY_S:.0f} s.\n{self._log_end()}") from None

    def require_alive(self) -> None:
        """Raises DemoFailed when the intake has ended by itself."""
        if self._process is not None and self._process.returncode is not None:
            code = self._process.returncode
            raise DemoFailed(f"the intake ended by itself (exit code {code}).\n{self._log_end()}")

    async def end(self) -> None:
        """Ask it to stop, and insist after ten seconds. Once or more often."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def metrics(self, http: aiohttp.ClientSession) -> str:
        async with http.get(f"{self._http_url}/metrics") as answer:
            return await answer.text()

    async def _is_whole(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self._http_url}/health") as answer:
                return answer.status == 200 and (await answer.json())["loading"] is False
        except (aiohttp.ClientError, OSError):
            return False

    def _log_end(self) -> str:
        try:
            with self._log_path.open(encoding="utf-8", errors="replace") as log:
                last = [f"  {line.rstrip()}" for line in deque(log, LOG_LINES_SHOWN)]
        except OSError:
            last = []
        return "\n".join([f"The end of its log, {self._log_path}:", *(last or ["  (nothing)"])])
