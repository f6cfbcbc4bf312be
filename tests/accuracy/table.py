"""The one table: every line with what was measured, and whether its aim was met."""

from __future__ import annotations

from typing import NamedTuple

from rich.table import Table


class Line(NamedTuple):
    """One measured figure. ``aim`` None: reported, not judged."""

    group: str
    what: str
    share: float
    count: int
    aim: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        too_low = self.aim is not None and not self.share >= self.aim
        return too_low or (self.at_most is not None and not self.share <= self.at_most)


def as_table(lines: list[Line], title: str) -> Table:
    table = Table(title=title, title_justify="left", pad_edge=False)
    for name in ("what", "right", "points", "aim", ""):
        table.add_column(name, justify="right" if name in ("right", "points", "aim") else "left")
    before = ""
    for line in lines:
        if line.group != before:
            table.add_section()
            table.add_row(f"[bold]{line.group}[/bold]", "", "", "", "")
            before = line.group
        aim = "" if line.aim is None else f"≥ {line.aim:.2%}"
        if line.at_most is not None:
            aim += f" ≤ {line.at_most:.1%}"
        verdict = "[bold red]missed[/bold red]" if line.is_missed else ("met" if aim else "")
        table.add_row(
            f"  {line.what}",
            f"{line.share:.3%}",
            f"{line.count:,}",
            aim,
            " ".join(filter(None, [verdict, line.note])),
        )
    return table
