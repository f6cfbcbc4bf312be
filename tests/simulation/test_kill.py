"""The kill test in short, and its negative control; `make kill-test` is the long one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("kill_test.py")


async def kill_test(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        *("--engine", "sqlite", "--ready-limit", "20", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_nothing_acknowledged_is_lost_and_the_harness_can_tell() -> None:
    (code, said), (control_code, control_said) = await asyncio.gather(
        kill_test("--kills", "3"), kill_test("--kills", "3", "--broken")
    )
    assert code == 0 and "held" in said, said
    assert control_code == 0 and "lost some, as it must" in control_said, control_said
