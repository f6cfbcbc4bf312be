"""An office with three ways in, whose callers repeat, correct, send late and hide things in their words."""

from __future__ import annotations

import json
import signal
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect
from twilio.request_validator import RequestValidator

from tests.e2e.office import Office
from tests.e2e.town import Caller

BOT_SECRET = "test-secret-token-of-no-bot"
AUTH_TOKEN = "test-auth-token-of-no-account-01"
SETTINGS = {
    "TELEGRAM__ENABLED": "true",
    "TELEGRAM__BOT_TOKEN": "70000001:AAtest-token-of-no-bot-at-all-000000",
    "TELEGRAM__SECRET_TOKEN": BOT_SECRET,
    # Nobody listens there: what is said to Telegram and Twilio waits.
    "TELEGRAM__API_BASE": "http://127.0.0.1:9",
    "SMS__API_BASE": "http://127.0.0.1:9",
    "SMS__ENABLED": "true",
    "SMS__ACCOUNT_SID": "AC00000000000000000000000000000001",
    "SMS__AUTH_TOKEN": AUTH_TOKEN,
    "SMS__NUMBERS": '["+447700900999"]',
}


class TalkOffice(Office):
    """Callers by app, Telegram and SMS; the intake can be killed and started again."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._environ |= {f"INTAKE_CHANNELS__{name}": value for name, value in SETTINGS.items()}
        self._updates = 0

    def kill(self) -> None:
        """As a power cut does."""
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(20)
        self._child = None

    # -- by app --------------------------------------------------------------------------------------------

    def says(self, caller: Caller, text: str, **more: Any) -> None:
        """One more message; ``late`` was pressed so many seconds ago."""
        if late_s := more.pop("late_s", None):
            more["sent_at"] = (datetime.now(UTC) - timedelta(seconds=late_s)).isoformat()
        body = {"id": str(uuid.uuid4()), "text": text, **more}
        self._ask("POST", f"{self.url}/app/v1/contacts/{caller.handle}/messages", body, caller.token)

    def told(self, caller: Caller) -> list[str]:
        """What the caller's app shows of us."""
        return [reply["text"] for reply in self._replies(caller)]

    # -- by Telegram ---------------------------------------------------------------------------------------

    def telegram(self, person: int, message_id: int, *, edited: bool = False, **content: Any) -> str:
        """One update of the Bot API; returns the contact's id."""
        self._updates += 1
        sent = int(datetime.now(UTC).timestamp())
        message = {
            "message_id": message_id,
            "from": {"id": person, "is_bot": False, "first_name": "Test"},
            "chat": {"id": person, "type": "private", "first_name": "Test"},
            "date": sent,
            **({"edit_date": sent} if edited else {}),
            **content,
        }
        body = {"update_id": self._updates, "edited_message" if edited else "message": message}
        self._put(
            "/telegram/webhook",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": BOT_SECRET},
        )
        return self._contact_of(f"tg:{person}")

    # -- by SMS --------------------------------------------------------------------------------------------

    def sms(self, number: str, text: str) -> str:
        """One text message as Twilio brings it; returns the contact's id, empty where a name sent it."""
        self._updates += 1
        form = {
            "MessageSid": f"SM{self._updates:032d}",
            "AccountSid": SETTINGS["SMS__ACCOUNT_SID"],
            "From": number,
            "To": "+447700900999",
            "Body": text,
            "NumMedia": "0",
        }
        signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{self.url}/sms/messages", form)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature,
        }
        self._put("/sms/messages", urlencode(form).encode(), headers)
        return self._contact_of(f"tel:{number}") if number.startswith("+") else ""

    def _put(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200

    def _contact_of(self, caller: str) -> str:
        rows = self.console("GET", "/queue?limit=100")["rows"]
        return str(next(row["id"] for row in rows if row["caller"] == caller))


def reply(page: Page) -> Locator:
    """Where the answer is typed."""
    return page.locator("#reply-text")


def take(page: Page, words: str) -> None:
    """F2, and what came is this."""
    expect(page.locator("[data-contact]").first).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".lines")).to_contain_text(words)
    expect(reply(page)).to_be_focused()
