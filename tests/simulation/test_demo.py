"""The demo as a person or CI runs it: a process of its own, no terminal, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
WITHIN_S = 60
NOTICE = "This is a prototype. It is not connected to 999."
ACCEPTED = {
    "fire-west-yorkshire": "FWY",
    "ambulance-welsh": "AW",
    "coastguard": "C",
    "police-devon-and-cornwall": "PDAC",
    "police-staffordshire": "PS",
}


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`intake demo` with its temporary folders under ``folder``; killed if it outlives the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "intake", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "INTAKE_STORE__URL": "sqlite:////nowhere/not-ours.db"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        family = [process.pid, *(one.pid for one in children(process))] if process.poll() is None else []
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        process.wait()


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def serving_from(folder: Path) -> list[int]:
    """Processes whose command line names the demo's folder: its `intake serve` and nothing else."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in one.info["cmdline"] or ()):
            found.append(one.pid)
    return found


def wait_for(folder: Path, process: subprocess.Popen[str]) -> int:
    """The id of the intake, once it is being started."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s and process.poll() is None:
        if found := serving_from(folder):
            return found[0]
        time.sleep(0.05)
    raise AssertionError("the demo never started an intake")


def test_the_evening_goes_as_it_must(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, said
    assert said.count(NOTICE) == 2 and said.splitlines()[1] == NOTICE and said.rstrip().endswith(NOTICE)
    for room, prefix in ACCEPTED.items():
        assert re.search(rf"\d\d-\d{{6}}  routed .* {room}  rule [a-z-]+, \d+%", said), room
        assert re.search(rf"accepted +\+\d+\.\d s  {prefix}-000001", said), room
    assert "policy app-fixed" in said and "desk-1" in said
    assert re.search(r"forged signature +403 +refused", said)
    assert re.search(r"brought again +200 +folded", said)
    assert re.search(r"not UTF-8 +200 +kept, marked defective", said)
    assert "AML fix" in said and "updated" in said
    assert "<IncidentCreationMessage" in said and "</IncidentCreationMessage>" in said
    assert "\x1b[" not in said, "no colours into a pipe"
    (address,) = re.findall(r"^Open (http://127\.0\.0\.1:\d+)/ and sign in:$", said, re.MULTILINE)
    assert f"desk          {address}" in said and "on a live line" in said
    people = re.findall(r"^  (\S+) +(\S+) +password “([^”]+)”   code (\d{6})", said, re.MULTILINE)
    assert [(name, role) for name, role, *_ in people] == [
        ("desk-2", "handler"),
        ("supervisor", "supervisor"),
    ]
    assert said.count("otpauth://totp/") == 2
    assert serving_from(tmp_path) == []
    assert list(tmp_path.iterdir()) == [], "its folder, secrets included, is gone"


def test_a_room_that_refuses_makes_the_demo_fail_and_say_which(tmp_path: Path) -> None:
    with demo(tmp_path, "--break-room", "fire-west-yorkshire") as process:
        said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1, said
    assert "Fire by text, Leeds: was not accepted by fire-west-yorkshire" in said
    assert not re.search(r"✗ (Fall|Paddleboarder|Worried|Silent|Text)", said), (
        "the other rooms are not delayed"
    )
    assert serving_from(tmp_path) == []


@pytest.mark.parametrize(("name", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_interrupted_it_ends_what_it_started(tmp_path: Path, name: signal.Signals, code: int) -> None:
    with demo(tmp_path) as process:
        wait_for(tmp_path, process)
        process.send_signal(name)
        said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert serving_from(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_intake_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        os.kill(wait_for(tmp_path, process), signal.SIGKILL)
        said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1, said
    assert "the intake ended by itself (exit code -9)" in said and "intake.log" in said


def test_a_folder_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    with demo(tmp_path, "--config", str(tmp_path)) as process:
        said, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 2
    assert "is not the configuration folder" in said
