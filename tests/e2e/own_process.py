"""A browser on a profile of its own, which dies as a crash makes it die: its processes are sent a signal."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.conftest import FLAGS, PATIENCE_MS, chromium
from tests.e2e.office import COOKIE, DESK_SIZE, Office
from tests.e2e.troubles import Troubles

GONE_WITHIN_S = 10.0


class OwnProcess:
    """``open("ada")`` as often as wanted: the profile is the same each time, and what a page keeps there."""

    def __init__(self, office: Office, browser: Browser, profile: Path, troubles: Troubles):
        self._office, self._type = office, browser.browser_type
        self._profile, self._troubles = profile, troubles
        self.context: BrowserContext | None = None

    def open(self, name: str) -> Page:
        """The desk of this person, ready and live."""
        self.context = self._type.launch_persistent_context(
            self._profile,
            executable_path=chromium(self),  # type: ignore[arg-type]
            args=FLAGS.split(),
            viewport=DESK_SIZE,  # type: ignore[arg-type]
        )
        self._troubles.watch(self.context).set_default_timeout(PATIENCE_MS)
        cookie = {
            "name": COOKIE,
            "value": self._office.cookie(name),
            "url": self._office.desk_url.replace("http:", "https:"),
        }
        self.context.add_cookies([cookie])  # type: ignore[list-item]
        return self._office.desk(self.context)

    @property
    def chromium(self):  # type: ignore[no-untyped-def]
        return self._type

    def send(self, what: signal.Signals) -> None:
        """To every process of this profile, of which there must be some; returns when the killed are gone."""
        found = list(self._processes())
        assert found, "the browser does not run"
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, what)
        end_s = time.monotonic() + GONE_WITHIN_S
        while what is signal.SIGKILL and any(self._processes()):
            assert time.monotonic() < end_s, "it outlives being killed"
            time.sleep(0.02)

    def _processes(self) -> Iterator[int]:
        """By the profile, which only this browser has. A dead one has no command line, buried or not."""
        for one in Path("/proc").iterdir():
            if one.name.isdigit():
                with suppress(OSError):
                    if str(self._profile).encode() in (one / "cmdline").read_bytes():
                        yield int(one.name)
