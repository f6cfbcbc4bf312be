"""How long a change of the queue takes from the server to the glass, for one desk.

    python tests/bench/bench_paint.py [--contacts 5000] [--changes 500] [--seconds 20]

A process of its own keeps so many contacts and changes so many of them a second (tests/queue_stand_in.py:
the real picture, windows and frames; no database). A real Chromium shows the real page. Each frame carries
when it left; the page notes when the frame after its drawing was done. Both read one machine's clock.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WARM_S = 3.0
LIMIT_S = 40.0

# Before any of our modules: notes each stamped frame, and the moment the screen was done with it.
WATCH = """
window.painted = [];
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', (event) => {
      const stamp = /^\\{"sent":([\\d.]+)/.exec(event.data);
      if (!stamp) return;
      requestAnimationFrame(() => {
        // Behind every other callback of this frame, and behind its layout and paint.
        const { port1, port2 } = new MessageChannel();
        const now = () => performance.timeOrigin + performance.now();
        port1.onmessage = () => window.painted.push(now() - Number(stamp[1]));
        port2.postMessage(0);
      });
    });
  }
};
"""


def measure(contacts: int = 5_000, changes: float = 500.0, seconds: float = 20.0) -> dict[str, Any]:
    """Figures of one desk: ``frames``, ``p50_ms``, ``p99_ms``, ``worst_ms``, ``rows`` in the page."""
    seconds = min(seconds, LIMIT_S)
    port = free_port()
    command = [sys.executable, str(ROOT / "tests" / "queue_stand_in.py"), "--port", str(port)]
    child = subprocess.Popen([*command, "--contacts", str(contacts), "--changes", str(changes)], cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/v1/me")
        with sync_playwright() as playwright:
            return watch(playwright, f"http://127.0.0.1:{port}/desk", seconds)
    finally:
        child.terminate()
        child.wait(10)


def watch(playwright: Playwright, url: str, seconds: float) -> dict[str, Any]:
    found = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
    browser = playwright.chromium.launch(executable_path=found, args=FLAGS.split())
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.add_init_script(WATCH)
    page.goto(url)
    page.locator(".queue-list [role=option]").first.wait_for()
    page.wait_for_timeout(1_000 * WARM_S)
    page.evaluate("() => { window.painted.length = 0 }")
    page.wait_for_timeout(1_000 * seconds)
    took: list[float] = sorted(page.evaluate("() => window.painted"))
    rows = page.locator(".queue-list [role=option]").count()
    live = page.locator("[data-live]").get_attribute("data-live")
    browser.close()
    if live != "live" or len(took) < 20:
        raise SystemExit(f"the page did not keep up: {live}, {len(took)} frames")
    return {
        "frames": len(took),
        "p50_ms": statistics.median(took),
        "p99_ms": took[min(len(took) - 1, int(len(took) * 0.99))],
        "worst_ms": took[-1],
        "rows": rows,
    }


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(url: str, within_s: float = 30.0) -> None:
    end_s = time.monotonic() + within_s
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end_s:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=5_000)
    parser.add_argument("--changes", type=float, default=500.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    said = measure(asked.contacts, asked.changes, asked.seconds)
    print(
        f"{asked.contacts:,} contacts, {asked.changes:.0f} changes/s, {said['frames']} frames, "
        f"{said['rows']} rows in the page: server to paint p50 {said['p50_ms']:.1f} ms, "
        f"p99 {said['p99_ms']:.1f} ms, worst {said['worst_ms']:.1f} ms"
    )
