"""`intake send` and `intake demo --keep`: contacts of one's own through the real doors of a running demo."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.console.sign_in.second_factor import code_at
from intake.demo.connection import read_connection
from intake.demo.people import Account
from tests.people import Credentials, sign_in_over_http

ROOT = Path(__file__).parents[2]


def intake(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "intake", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


class Kept:
    """A demo that was left running."""

    def __init__(self, folder: Path):
        self.connection = folder / "connection.json"
        self.said = ""
        self._listening = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "intake", "demo", "--keep", "--connection", str(self.connection)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._listening.wait(60):
            self.end()
            raise AssertionError(self.said)

    def send(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return intake("send", *arguments, "--connection", str(self.connection))

    def end(self) -> int:
        """As Ctrl+C does."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._reader.join(5)
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if "Ctrl+C ends it" in line:
                self._listening.set()
        self._listening.set()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    running = Kept(tmp_path_factory.mktemp("kept"))
    assert running.process.poll() is None, running.said
    yield running
    assert running.end() == 0, running.said
    assert not running.connection.exists()
    assert not running.connection.with_name("handler.token").exists()


def test_addresses_and_secrets_are_for_their_owner_alone(kept: Kept) -> None:
    for path in (kept.connection, kept.connection.with_name("handler.token")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(kept.connection.read_text())["handler"] == "desk-2"
    assert kept.connection.with_name("handler.token").read_text().strip() not in kept.said


def test_a_text_of_ones_own(kept: Kept) -> None:
    done = kept.send("sms", "fire at LS1 4AP", "--from", "07700 900321")
    assert done.returncode == 0, done.stderr
    assert "/sms/messages → 200" in done.stdout
    assert re.search(r"\d\d-\d{6}  sms  tel:\+447700900321 ", done.stdout)
    assert "±133 m  text_postcode (incident's) “LS1 4AP”" in done.stdout
    assert re.search(r"Would go to\n.*\n +fire +West Yorkshire Fire and Rescue Service +95%", done.stdout)


def test_a_text_whose_phone_posts_its_place(kept: Kept) -> None:
    done = kept.send("sms", "police please", "--lat", "52.6", "--lon", "-1.65", "--radius", "500")
    assert done.returncode == 0, done.stderr
    assert "/aml/https → 200" in done.stdout
    assert re.search(r"52\.6000, -1\.6500 ±500 m +aml", done.stdout)
    assert re.search(r"Staffordshire Police +6\d%", done.stdout) and "rule border-inside" in done.stdout


def test_a_phones_own_place_waits_for_its_text_and_is_then_with_it(kept: Kept) -> None:
    number, where = "07700 900331", ("--lat", "52.6", "--lon", "-1.65", "--radius", "50")
    done = kept.send("aml", "--from", number, *where)
    assert done.returncode == 0, done.stderr
    assert "/aml/https → 200" in done.stdout and "waits ten minutes" in done.stdout
    assert "tel:+447700900331" in done.stdout and "52.60000, -1.65000 ±50 m" in done.stdout
    texted = kept.send("sms", "police please", "--from", number)
    assert re.search(r"52\.6000, -1\.6500 ±50 m +aml", texted.stdout), texted.stdout
    again = kept.send("aml", "--from", number, "--lat", "52.7", "--lon", "-1.65", "--via", "data")
    assert "/aml/sms → 200" in again.stdout and "waits ten minutes" not in again.stdout
    assert "52.7000, -1.6500" in again.stdout, again.stdout


def test_an_app_with_a_chosen_service(kept: Kept) -> None:
    where = ("--lat", "51.4816", "--lon", "-3.1791", "--radius", "20")
    done = kept.send("app", "Mum has fallen", "--service", "ambulance", *where)
    assert done.returncode == 0, done.stderr
    assert "/app/v1/contacts → received, receipt " in done.stdout
    assert "ambulance (chosen by the caller)" in " ".join(done.stdout.split())
    assert "Welsh Ambulance Service" in done.stdout and "±20 m" in done.stdout


def test_a_chat_with_a_pin(kept: Kept) -> None:
    done = kept.send("telegram", "adrift on a paddleboard", "--lat", "50.579", "--lon", "-4.958")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("/telegram/webhook → 200") == 2
    assert "HM Coastguard" in done.stdout and "coastguard-at-sea" in done.stdout


def test_a_mail(kept: Kept) -> None:
    done = kept.send("email", "Shouting next door at EX4 3LS, police please", "--from", "ann@example.org")
    assert done.returncode == 0, done.stderr
    assert "STARTTLS → 2.0.0 Kept." in done.stdout
    assert "mailto:ann@example.org" in done.stdout and "Devon and Cornwall Police" in done.stdout


def test_the_queue_opens_to_the_token_the_demo_left(kept: Kept) -> None:
    console = json.loads(kept.connection.read_text())["console_url"]
    token = str(kept.connection.with_name("handler.token"))
    done = intake("queue", "list", "--url", console, "--token-file", token, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["handler"] == "desk-2"


def test_codes_for_the_console_come_as_from_an_authenticator_app(kept: Kept) -> None:
    done = intake("demo", "code", "--connection", str(kept.connection))
    assert done.returncode == 0, done.stderr
    address, handler, supervisor = done.stdout.splitlines()
    assert f"Open {address} and sign in:" in kept.said
    name, role, password, code = handler.split("\t")
    assert (name, role) == ("desk-2", "handler") and supervisor.startswith("supervisor\tsupervisor\t")
    assert password.removeprefix("password ") in kept.said
    secret = re.search(r"desk-2\?secret=(\w+)", kept.said)
    assert secret is not None
    now = datetime.now(UTC)
    shown = {code_at(secret[1], now - timedelta(seconds=s)) for s in (0, 5, 30)}
    assert re.fullmatch(r"code (\d{6}), new in \d+ s", code) and code[5:11] in shown


def test_the_second_handler_sits_at_a_live_desk(kept: Kept) -> None:
    running = read_connection(kept.connection)
    supervisor = next(one for one in running.people if one.role == "supervisor")
    signed = asyncio.run(sign_in_over_http(running.console_url, _credentials(supervisor)))
    request = urllib.request.Request(  # noqa: S310
        f"{running.console_url}/api/v1/supervisor",
        headers={"Cookie": "; ".join(f"{name}={value}" for name, value in signed.cookies.items())},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        desks = {one["handler"]: one for one in json.load(answer)["desks"]}
    assert desks["desk-1"]["connected"] and desks["desk-1"]["state"] == "available"


def _credentials(one: Account) -> Credentials:
    return Credentials(one.name, one.role.value, one.totp_secret, one.password)


def test_a_second_kept_demo_does_not_take_the_first_ones_place(kept: Kept) -> None:
    done = intake("demo", "--keep", "--connection", str(kept.connection))
    assert done.returncode == 2
    assert f"process {kept.process.pid}" in done.stderr and "--connection" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("email", "x", "--lat", "50", "--lon", "-4"), "write it into the text"),
        (("sms", "x", "--lat", "50"), "both --lat and --lon"),
        (("sms", "x", "--lat", "95", "--lon", "0"), "-90 to 90"),
        (("sms", "x", "--radius", "5"), "--radius needs"),
        (("sms", "x", "--service", "fire"), "only the app"),
    ],
)
def test_a_mistaken_call_is_told_what_to_do(kept: Kept, arguments: tuple[str, ...], reason: str) -> None:
    done = kept.send(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


@pytest.mark.parametrize(
    ("channel", "sender", "reason"),
    [("sms", "jo", "telephone number"), ("telegram", "jo", "is a number"), ("email", "jo", "mail address")],
)
def test_a_sender_that_cannot_be_one(kept: Kept, channel: str, sender: str, reason: str) -> None:
    done = kept.send(channel, "x", "--from", sender)
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr


def test_without_a_demo_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = intake("send", "sms", "x", "--connection", str(tmp_path / "none.json"))
    assert done.returncode == 2
    assert "no demo is running" in done.stderr and "intake demo --keep" in done.stderr


def test_a_file_of_a_demo_that_has_ended_is_recognised(kept: Kept, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = json.loads(kept.connection.read_text()) | {"pid": ended.pid}
    (tmp_path / "connection.json").write_text(json.dumps(left))
    done = intake("send", "sms", "x", "--connection", str(tmp_path / "connection.json"))
    assert done.returncode == 2
    assert f"process {ended.pid} is gone" in done.stderr
