"""Two hundred hostile messages, sent through real doors and opened on a real desk: words, and nothing else.

What a handler sees is held against what was sent: a marked character counts as that character. Whatever
a body would do if a browser obeyed it would be seen here: an element, a dialog, a request, a violation.
"""

from __future__ import annotations

import json
import re
import smtplib
import unicodedata
import urllib.request
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from intake.contact import clean_text
from tests.e2e.office import Office
from tests.e2e.troubles import Troubles
from tests.hostile import BODIES, EXTRA, FILE_NAMES, SUBJECTS

MAILBOX = "999@example.org"
SECRET_TOKEN = "only-for-tests-0123456789"
A_CONTACT = 20
SHOWN_AT_FIRST = 4_000
MARK = re.compile(r"⟦U\+([0-9A-F]{4,6})⟧")
STACK = re.compile(r"⟦\+\d+⟧")
DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Everything that may stand in a line; a body that became an element would be of another kind.
WORDS_TAGS = {"SPAN", "BDI", "STRONG", "BUTTON", "DEL"}
OURS = re.compile(r"/(api/v1/|front/|libraries/|words/|desk$|tiles/|favicon)")

READ_LINES = """() => [...document.querySelectorAll('#conversation [data-line]')].map((line) => {
  const words = line.querySelector('.words');
  const copy = words ? words.cloneNode(true) : null;
  copy?.querySelectorAll('.spoken, .doubt, button').forEach((one) => one.remove());
  return {
    id: line.dataset.line,
    text: copy ? copy.textContent : '',
    tags: words ? [...new Set([...words.querySelectorAll('*')].map((one) => one.tagName))] : [],
    handlers: [...line.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())
      .filter((name) => name.startsWith('on') || ['href', 'src', 'srcset', 'style', 'action'].includes(name)),
  };
})"""
READ_ROWS = """() => [...document.querySelectorAll('#queue [data-contact]')].map((row) => ({
  id: row.dataset.contact,
  words: [row.innerText, row.getAttribute('aria-label') ?? '',
    ...[...row.querySelectorAll('[title]')].map((one) => one.title)].join(' | '),
}))"""
SCROLL_QUEUE = """(top) => { const rows = document.querySelector('#queue [data-contact]');
  let box = rows; while (box && box.scrollHeight <= box.clientHeight + 4) box = box.parentElement;
  box.scrollTop = top; }"""
OTHERS = (
    "script, iframe, object, embed, img, a[href], base, meta, link, style, form, video, audio, math, template"
)
WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(
  `${event.violatedDirective} ${event.blockedURI}`));
"""


def in_utf8(body: Any) -> bytes:
    """As an app sends it; what is no Unicode goes as escapes."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()


class Staffed(Office):
    """An office of its own, whose mail and chat doors are open too."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.smtp_port = int(self._environ["INTAKE_DOORS__SMTP_PORT"])
        self._environ |= {
            "INTAKE_CHANNELS__EMAIL__ENABLED": "true",
            "INTAKE_CHANNELS__EMAIL__MAILBOXES": f'["{MAILBOX}"]',
            "INTAKE_CHANNELS__EMAIL__RELAY_PORT": "9",
            "INTAKE_CHANNELS__TELEGRAM__ENABLED": "true",
            "INTAKE_CHANNELS__TELEGRAM__BOT_TOKEN": "1234567:AAtest-token-of-no-bot-at-all-000000",
            "INTAKE_CHANNELS__TELEGRAM__SECRET_TOKEN": SECRET_TOKEN,
            "INTAKE_CHANNELS__TELEGRAM__API_BASE": "http://127.0.0.1:9",
        }

    def post(self, path: str, body: Any, **headers: str) -> Any:
        request = urllib.request.Request(  # noqa: S310
            self.url + path,
            method="POST",
            data=in_utf8(body),
            headers={"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            said = answer.read()
        return json.loads(said) if said.startswith(b"{") else None

    def by_app(self, texts: list[str]) -> str:
        """One contact that says all of this; returns its caller."""
        opened: Any = None
        for text in texts:
            body = {"id": str(uuid.uuid4()), "text": text, **EXTRA}
            if opened is None:
                opened = self.post("/app/v1/contacts", body)
            else:
                bearer = {"Authorization": f"Bearer {opened['token']}"}
                self.post(f"/app/v1/contacts/{opened['contact']}/messages", body, **bearer)
        return f"app:{opened['contact']}"

    def by_mail(self, subject: str, text: str, names: list[str], sender: str) -> str:
        message = EmailMessage()
        message["From"], message["To"] = f"{sender}@example.com", MAILBOX
        message["Message-ID"] = f"<{uuid.uuid4()}@example.com>"
        message.set_content(text)
        for name in names:
            message.add_attachment(b"x", maintype="image", subtype="png", filename=name)
        raw = message.as_bytes()
        safe = re.sub(r"[\r\n]", " ", subject).encode("utf-8", "replace")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=20) as line:
            line.sendmail(f"{sender}@example.com", [MAILBOX], b"Subject: " + safe + b"\r\n" + raw)
        return f"mailto:{sender}@example.com"

    def by_telegram(self, text: str, name: str, user: int) -> str:
        who = {"id": user, "first_name": name, "last_name": name, "username": "x"}
        message: dict[str, Any] = {
            "message_id": user,
            "date": 1_767_225_600,
            "from": who,
            "chat": {"id": user, "type": "private", **{"first_name": name}},
            "caption": text,
            "document": {"file_id": "f", "file_unique_id": "u", "file_name": name, "mime_type": name[:60]},
        }
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET_TOKEN}
        self.post("/telegram/webhook", {"update_id": user, "message": message}, **headers)
        return f"tg:{user}"

    def contact_of(self, caller: str) -> str:
        """The contact of a caller, however long the queue is."""
        after = ""
        while True:
            page = self.console("GET", f"/queue?limit=100&after={after}")
            for row in page["rows"]:
                if row["caller"] == caller:
                    return str(row["id"])
            after = page["next"]
            assert after, f"{caller} is not in the queue"


class Watched:
    """A desk, and everything it did that a message must not make it do."""

    def __init__(self, page: Page, staffed: Staffed):
        self.page, self._staffed = page, staffed
        self.troubles: list[str] = []
        page.on("dialog", lambda one: (self.troubles.append(f"dialog {one.message}"), one.dismiss()))
        page.on("request", lambda one: self._request(one.url))
        page.on("console", lambda one: self._console(one.text))
        page.on("pageerror", lambda error: self.troubles.append(f"error {error}"))
        page.on("popup", lambda one: self.troubles.append(f"popup {one.url}"))
        page.on("framenavigated", lambda one: self._moved(one.url))
        page.on("download", lambda one: self.troubles.append(f"download {one.url}"))

    def _request(self, url: str) -> None:
        here, there = urlsplit(self._staffed.desk_url), urlsplit(url)
        if there.scheme == "data" and url == "data:,":
            return
        if (there.scheme, there.netloc) != (here.scheme, here.netloc) or not OURS.match(there.path):
            self.troubles.append(f"request {url[:200]}")

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.troubles.append(f"console {text[:300]}")

    def _moved(self, url: str) -> None:
        if urlsplit(url).path != "/desk" and url != "about:blank":
            self.troubles.append(f"moved to {url}")

    def look(self, contact: str) -> list[dict[str, Any]]:
        """Open a contact and read every line of it."""
        self.page.locator(f'#queue [data-contact="{contact}"]').click()
        self.page.keyboard.press("Enter")
        said = self._staffed.console("GET", f"/contacts/{contact}")
        last = said["conversation"][-1]["id"]
        expect(self.page.locator(f'#conversation [data-line="{last}"]')).to_be_attached()
        lines: list[dict[str, Any]] = self.page.evaluate(READ_LINES)
        return lines

    def put_away(self, contact: str) -> None:
        row = self._staffed.console("GET", f"/contacts/{contact}")["contact"]
        done = {"attempts": row["attempts"], "reason": "done", "anyway": True}
        self._staffed.by("ada", "POST", f"/contacts/{contact}/close", done)
        self.page.wait_for_timeout(300)

    def check(self) -> None:
        assert self.page.evaluate("window.__hostile") is None
        assert self.page.evaluate("window.__violations") == []
        assert self.page.evaluate("({}).polluted === undefined && [].polluted === undefined")
        assert self.page.locator(f"#conversation :is({OTHERS})").count() == 0
        assert self.page.locator(f"#queue :is({OTHERS})").count() == 0
        assert self.page.locator("script").count() == 1
        assert self.page.locator("dialog[open]").count() == 0
        assert not self.troubles


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    made = Staffed(tmp_path_factory.mktemp("hostile"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(staffed: Staffed, browser: Browser) -> Iterator[Watched]:
    context = staffed.context(browser, "ada")
    context.add_init_script(WATCH)
    page = context.new_page()
    watched = Watched(page, staffed)
    page.goto(f"{staffed.desk_url}/desk")
    page.locator("#desk[data-ready=true]").wait_for()
    yield watched
    context.close()


def as_sent(shown: str) -> str:
    """What a handler reads, with each mark put back into the character it stands for."""
    return MARK.sub(lambda found: chr(int(found[1], 16)), shown)


def without_stacks(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one) not in ("Mn", "Me", "Mc"))


def same(shown: str, sent: str) -> bool:
    """Whether every character that was sent is on the screen, plain or as its mark, and nothing else."""
    sent = sent.replace("\r\n", "\n")
    whole = as_sent(shown)
    if STACK.search(whole):
        whole, sent = without_stacks(STACK.sub("", whole)), without_stacks(sent)
    points = list(sent)
    if len(points) > SHOWN_AT_FIRST:
        return len(whole) >= SHOWN_AT_FIRST // 2 and sent.startswith(whole.strip(" …"))
    return whole == sent


def test_every_body_is_shown_as_it_was_sent_and_does_nothing(staffed: Staffed, desk: Watched) -> None:
    names = list(BODIES)
    wrong = []
    for first in range(0, len(names), A_CONTACT):
        part = names[first : first + A_CONTACT]
        caller = staffed.by_app([BODIES[name] for name in part])
        contact = staffed.contact_of(caller)
        said = {
            line["id"]: line["text"]
            for line in staffed.console("GET", f"/contacts/{contact}")["conversation"]
            if line["author"] == "caller"
        }
        assert sorted(said.values()) == sorted(clean_text(BODIES[name]) for name in part)
        lines = {line["id"]: line for line in desk.look(contact)}
        for line_id, text in said.items():
            line = lines[line_id]
            if text == "[location sent]":
                continue
            if not same(line["text"], text):
                wrong.append((text[:40], len(line["text"]), line["text"][-60:]))
            assert not DIRECTIONS.search(line["text"]), ascii(text[:80])
            assert set(line["tags"]) <= WORDS_TAGS, (text[:80], line["tags"])
            assert not line["handlers"], (text[:80], line["handlers"])
        desk.check()
        desk.put_away(contact)
    assert not wrong
    desk.page.screenshot(path="var/e2e/hostile_conversation.png")


def test_subjects_and_file_names_are_inert(staffed: Staffed, desk: Watched) -> None:
    callers = [
        staffed.by_mail(subject, "help", FILE_NAMES if number == 0 else [], f"person{number}")
        for number, subject in enumerate(SUBJECTS)
    ]
    callers += [staffed.by_telegram(name, name, 900_000 + number) for number, name in enumerate(FILE_NAMES)]
    for caller in callers:
        deadline = 100
        while deadline:
            try:
                contact = staffed.contact_of(caller)
                break
            except AssertionError:
                deadline -= 1
                desk.page.wait_for_timeout(100)  # mail is read by a worker
        for line in desk.look(contact):
            assert set(line["tags"]) <= WORDS_TAGS and not line["handlers"], line
        shown = desk.page.locator("#conversation").inner_text()
        assert not DIRECTIONS.search(shown), ascii(shown)
        desk.check()
        desk.put_away(contact)


def test_the_harness_would_see_a_body_that_is_obeyed(
    staffed: Staffed, desk: Watched, troubles: Troubles
) -> None:
    """The negative control: the same line put into the page as markup is found out."""
    contact = staffed.contact_of(staffed.by_app(["<img src=//evil.example/x onerror=window.__hostile=1>"]))
    desk.look(contact)
    desk.check()
    desk.page.evaluate(
        "() => { document.querySelector('#conversation .words').innerHTML"
        " = '<img src=//evil.example/x onerror=window.__hostile=1>'; }"
    )
    desk.page.wait_for_timeout(300)
    with pytest.raises(AssertionError):
        desk.check()
    assert desk.page.evaluate("window.__violations"), "the policy refused the image or its handler"
    assert troubles
    troubles.clear()
    desk.put_away(contact)


def test_every_body_in_the_queue_is_inert(staffed: Staffed, desk: Watched) -> None:
    hidden = [one for one in BODIES if one.startswith(("invisible", "controls", "stacks"))]
    for name in [*hidden, *list(BODIES)[:40]]:
        staffed.by_app([BODIES[name]])
    desk.page.wait_for_timeout(1_500)
    seen: set[str] = set()
    for top in range(0, 8_000, 300):
        # Only what is in sight is in the page: look at the list as somebody who scrolls through it.
        desk.page.evaluate(SCROLL_QUEUE, top)
        desk.page.wait_for_timeout(120)
        for row in desk.page.evaluate(READ_ROWS):
            assert not DIRECTIONS.search(row["words"]), ascii(row)
            seen.add(row["id"])
    assert len(seen) >= len(hidden) + 40
    desk.check()
    desk.page.screenshot(path="var/e2e/hostile_queue.png")
