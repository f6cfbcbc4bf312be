"""The evening on a terminal: one live table, or plain lines where nobody is looking at a screen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from intake.console.terminal.queue import LONDON, visible
from intake.demo.progress import STAGES, Progress, Stage
from intake.simulate.evening import AtTheDoor

NOTICE = "This is a prototype. It is not connected to 999."
WIDTHS = {"contact": 34, "received": 8, "located": 7, "routed": 7, "transferred": 11, "accepted": 19}
NARROW = {"received": 8, "located": 7, "routed": 7, "transferred": 11, "accepted": 8}
"""Under 98 columns: the rest is left to the contact's title, and the room's reference is not shown."""

FRAMES_PER_S = 8


class Screen(Protocol):
    """What is shown while the demo runs."""

    def step(self, what: str) -> None:
        """Something is being started."""
        ...

    def started(self, lines: Sequence[str]) -> None: ...
    def sign_in(self, url: str, lines: Sequence[str]) -> None:
        """Where the console is, and who may sign in there."""
        ...

    def show(self, rows: Sequence[Progress], doors: Sequence[AtTheDoor]) -> None: ...
    def close(self) -> None: ...


def make_screen(console: Console) -> Screen:
    return LiveScreen(console) if console.is_terminal else LineScreen(console)


def heading(now: datetime) -> RenderableType:
    title = Text("National Intake: a short evening", "bold")
    title.append(now.astimezone(LONDON).strftime("   %A %d %B %Y, times in %Z"), "not bold dim")
    return Group(title, notice(), Text())


def notice() -> Text:
    return Text(NOTICE, "bold yellow")


class LiveScreen:
    """A table that stands still while its cells fill."""

    def __init__(self, console: Console):
        self._console = console
        self._status = console.status("", spinner="dots")
        self._began_s = 0.0
        self._live: Live | None = None
        self._status.start()

    def step(self, what: str) -> None:
        self._status.update(Text(f"starting {what}", "cyan"))

    def started(self, lines: Sequence[str]) -> None:
        self._status.stop()
        for line in lines:
            self._console.print(Text(line, "dim"))
        self._console.print()
        self._began_s = time.monotonic()

    def sign_in(self, url: str, lines: Sequence[str]) -> None:
        self._console.print(Text(f"Open {url}/ and sign in:", "bold"))
        for line in lines:
            self._console.print(Text(f"  {line}"), soft_wrap=True)
        self._console.print()

    def show(self, rows: Sequence[Progress], doors: Sequence[AtTheDoor]) -> None:
        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=FRAMES_PER_S)
            self._live.start()
        elapsed = Text(f"  {time.monotonic() - self._began_s:.0f} s", "dim")
        self._last = Group(evening_table(rows, self._console.width), *doors_table(doors))
        self._live.update(Group(self._last, Text(), elapsed), refresh=True)

    def close(self) -> None:
        """Leave the last frame standing, without the clock."""
        self._status.stop()
        if self._live is not None:
            self._live.update(self._last, refresh=True)
            self._live.stop()
            self._live = None


class LineScreen:
    """One line for each thing that happens, for logs and pipes."""

    def __init__(self, console: Console):
        self._console = console
        self._seen: set[tuple[str, str]] = set()

    def step(self, what: str) -> None:
        self._print(Text(f"starting {what}"))

    def started(self, lines: Sequence[str]) -> None:
        for line in [*lines, ""]:
            self._print(Text(line))

    def sign_in(self, url: str, lines: Sequence[str]) -> None:
        self._print(Text(f"Open {url}/ and sign in:"))
        for line in [*lines, ""]:
            self._print(Text(f"  {line}".rstrip()))

    def show(self, rows: Sequence[Progress], doors: Sequence[AtTheDoor]) -> None:
        for row in rows:
            for name in STAGES:
                if name in row.stages and self._is_new(row.title, name):
                    self._print(_stage_line(row, name, row.stages[name]))
            if row.trouble and self._is_new(row.title, row.trouble):
                self._print(Text(f"          {row.reference}  {'!':<11}  {visible(row.trouble)}"))
            if row.updates and self._is_new(row.title, f"update {row.updates}"):
                self._print(Text(f"          {row.reference}  updated      the newest place, accepted"))
        for event in doors:
            if self._is_new("door", event.id):
                self._print(_door_line(event))

    def close(self) -> None:
        """Nothing is held open."""

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)

    def _is_new(self, title: str, what: str) -> bool:
        is_new = (title, what) not in self._seen
        self._seen.add((title, what))
        return is_new


def evening_table(rows: Sequence[Progress], columns: int) -> RenderableType:
    """Two lines a contact: the stages with their seconds, and under them where it went and why."""
    widths = _widths(columns)
    head = _line([(name.capitalize(), width, "dim") for name, width in widths.items()], Text(" "))
    lines: list[RenderableType] = [head]
    for row in rows:
        lines += [_stages_line(row, widths), _why_line(row)]
    return Group(*lines)


def _widths(columns: int) -> dict[str, int]:
    gaps = 2 * len(WIDTHS)
    if columns >= sum(WIDTHS.values()) + gaps:
        return WIDTHS
    return {"contact": max(10, columns - sum(NARROW.values()) - gaps)} | NARROW


def doors_table(doors: Sequence[AtTheDoor]) -> list[RenderableType]:
    if not doors:
        return []
    return [Text(), Text("  Also at the doors", "dim"), *(_door_line(event, "  ") for event in doors)]


def _stages_line(row: Progress, widths: Mapping[str, int]) -> Text:
    style = "bold" if row.stages else "dim"
    cells = [(row.title, widths["contact"], style)]
    waiting = next((name for name in STAGES if name not in row.stages), "")
    for name in STAGES:
        stage = row.stages.get(name)
        if stage is not None:
            words = clock(stage) if name == "received" else f"+{stage.took_s:.1f} s"
            if name == "accepted" and widths["accepted"] == WIDTHS["accepted"]:
                words = f"{words}  {stage.detail}"
            cells.append((words, widths[name], "green" if name == "accepted" else ""))
        else:
            cells.append(("…" if row.stages and name == waiting else "", widths[name], "cyan"))
    return _line(cells, _mark(row))


def _mark(row: Progress) -> Text:
    if row.state == "accepted":
        return Text("✓", "bold green")
    if row.trouble:
        return Text("!", "bold yellow")
    return Text("●", "cyan") if row.stages else Text("○", "dim")


def _why_line(row: Progress) -> Text:
    line = Text("  ", "dim", no_wrap=True, overflow="ellipsis")
    if not row.stages:
        return line
    line.append(f"{row.reference}  ")
    if row.room:
        line.append(f"{row.place or 'no place'} → ").append(row.room, "default")
        line.append(f"  {row.rule}, {by_whom(row.by)}")
    elif row.trouble:
        line.append(visible(row.trouble), "yellow").append(f", {by_whom(row.by)}" if row.by else "")
    else:
        line.append(f"“{visible(row.words)}”", "italic").append(f"  {row.place}")
    if row.room and row.trouble:
        line.append(f"  {visible(row.trouble)}", "yellow")
    if row.updates:
        line.append(f"  +{row.updates} update")
    return line


def by_whom(by: str) -> str:
    """``policy app-fixed`` or the handler's name."""
    return by.replace(":", " ") if by else "nobody yet"


def _line(cells: Sequence[tuple[str, int, str]], mark: Text) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis").append_text(mark).append(" ")
    for words, width, style in cells:
        fitted = words if cell_len(words) <= width else set_cell_size(words, width - 1) + "…"
        line.append(set_cell_size(fitted, width) + "  ", style)
    line.rstrip()
    return line


def _door_line(event: AtTheDoor, indent: str = "") -> Text:
    time_of_day = event.at.astimezone(LONDON).strftime("%H:%M:%S")
    line = Text(f"{indent}{time_of_day}  {event.channel:<5}{event.what:<44}", no_wrap=True)
    line.append(f"{event.answer:<6}", "bold" if event.as_expected else "bold red")
    return line.append(event.meaning, "" if event.as_expected else "bold red")


def _stage_line(row: Progress, name: str, stage: Stage) -> Text:
    took = "" if name == "received" else f"+{stage.took_s:.1f} s"
    detail = {
        "received": f"{row.channel}  {row.title}",
        "routed": f"{row.room}  {row.rule}, {by_whom(row.by)}",
    }.get(name, stage.detail)
    return Text(f"{clock(stage)}  {row.reference}  {name:<11}  {took:>7}  {visible(detail)}", no_wrap=True)


def clock(stage: Stage) -> str:
    return stage.at.astimezone(LONDON).strftime("%H:%M:%S")
