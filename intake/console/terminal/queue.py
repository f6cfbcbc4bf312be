"""Contacts and conversations drawn for a terminal. What callers wrote is shown, never obeyed."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake.console.terminal import routing as routing_screen
from intake.console.terminal.text import LONDON as LONDON
from intake.console.terminal.text import clock as clock
from intake.console.terminal.text import visible as visible
from intake.console.terminal.text import waited as waited
from intake.console.views import contact as views
from intake.console.views.between import MergeView, NoteView
from intake.console.views.conversation import CALLER, Line
from intake.console.views.links import LinkView
from intake.store.queue import OTHER_ROOM

HANDED_OVER = ("sending", "delivered", "accepted")
"""With a room: nobody of us lets their caller wait."""
PRIORITY_STYLE = {1: "bold red", 2: "bold", 3: ""}


def queue_screen(answer: views.QueueAnswer) -> RenderableType:
    """The queue as a table under one line of counts."""
    claimable = answer.counts.claimable
    waiting = sum(claimable.values())
    parts = [f"{waiting} waiting"] + [f"{claimable[p]} at priority {p}" for p in sorted(claimable)]
    if answer.counts.oldest_queued_at:
        oldest_s = (answer.now - answer.counts.oldest_queued_at).total_seconds()
        parts.append(f"oldest {waited(oldest_s)}")
    parts += [f"{n} {state}" for state, n in sorted(answer.counts.states.items()) if state != "waiting"]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("Contact", "P", "Waited", "State", "Channel", "Service", "Where", "Said"):
        # On a narrow terminal the rest wraps: who it is and how long they wait is never cut.
        table.add_column(name, no_wrap=name in ("Contact", "P", "Waited", "Channel"))
    table.columns[-1].max_width = 60
    for row in answer.rows:
        style = PRIORITY_STYLE.get(row.priority, "")
        table.add_row(
            Text(row.reference, style),
            Text(str(row.priority), style),
            "" if row.state in HANDED_OVER and row.reroute != OTHER_ROOM else waited(row.waiting_s),
            _state(row).append_text(routing_screen.flag(row)),
            row.channel,
            row.service or Text("?", "dim"),
            _where(row.place),
            Text(visible(" ".join(row.summary.split()))[:200]),
        )
    head = Text(" · ".join(parts), "bold")
    more = [Text(f"more: --after {answer.next}", "dim")] if answer.next else []
    return Group(head, Text(), table if answer.rows else Text("Nobody is waiting.", "dim"), *more)


def contact_screen(answer: views.ContactAnswer) -> RenderableType:
    """All of one contact, top to bottom: who, what was said, where, who has it."""
    where = [_hypothesis(one) for one in answer.places]
    where += [(Text("!", "bold yellow"), Text(words, "bold yellow")) for words in _warnings(answer)]
    return Group(
        row_screen(answer.contact),
        Text(f"  signs of the caller: {answer.signs}", "dim"),
        *_section("Said", [_line(one) for one in answer.conversation]),
        *_section("Notes, for colleagues only", [_note(one) for one in answer.notes]),
        *_section("Part of it", [_part(one) for one in answer.merged]),
        *_section("Where", where),
        *_section("Asked by link", [_link(one) for one in answer.links]),
        *_section("Think of", [routing_screen.added(one) for one in answer.added]),
        *_section("Place changed", [routing_screen.reroute(one) for one in answer.reroutes]),
        *_section("Decided", [_decision(one) for one in answer.decisions]),
        *_section("Handed over", [_transfer(one) for one in answer.transfers]),
    )


def _note(one: NoteView) -> tuple[Text, Text]:
    return Text(clock(one.at), "dim"), Text.assemble((f"{one.author}: ", "cyan"), visible(one.text))


def _part(one: MergeView) -> tuple[Text, Text]:
    said = f"{one.channel} {visible(one.caller)}, by {one.by} at {clock(one.at)}: {visible(one.reason)}"
    return Text(one.reference), Text(said)


def _warnings(answer: views.ContactAnswer) -> list[str]:
    return [visible(words.en) for words in answer.fused.warnings]


def route_screen(answer: views.RouteAnswer) -> RenderableType:
    """Who would get it now."""
    head = Text.assemble((answer.reference, "bold"), "  ", _where(answer.place))
    beside = _section("Think of", [routing_screen.added(one) for one in answer.added])
    return Group(head, _grid([_decision(one) for one in answer.decisions]), *beside)


def row_screen(row: views.QueueRow) -> RenderableType:
    """Who it is and how it stands, in a few lines."""
    head = Text.assemble(
        (row.reference, "bold"),
        f"  {row.channel}  {visible(row.caller)}  ",
        (f"priority {row.priority}", PRIORITY_STYLE.get(row.priority, "")),
        f" ({row.priority_rule})" if row.priority_rule else "",
        "  ",
        _state(row).append_text(routing_screen.flag(row)),
    )
    service = f"{row.service or 'service not known'}" + (
        f" ({row.service_reason})" if row.service_reason else ""
    )
    lines = [head, Text(f"  waited {waited(row.waiting_s)} since {clock(row.queued_at)} · {service}")]
    if row.silent:
        lines.append(Text("  SILENT: neutral words, no call-back, no sound", "bold yellow"))
    if row.unreachable_reason:
        lines.append(Text(f"  unreachable, tried: {visible(row.unreachable_reason)}", "yellow"))
    if row.defect:
        lines.append(Text(f"  could not be read in full: {visible(row.defect)}", "yellow"))
    return Group(*lines)


def _section(title: str, rows: list[tuple[Text, Text]]) -> list[RenderableType]:
    return [Text(), Text(title, "bold dim"), _grid(rows)] if rows else []


def _grid(rows: list[tuple[Text, Text]]) -> RenderableType:
    # Two columns, so that a long line goes on under itself.
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for left, right in rows:
        table.add_row(Text("  ").append_text(left), right)
    return table


def _decision(decision: views.DecisionView) -> tuple[Text, Text]:
    """Who answers, how surely, by which rule, and who else might."""
    said = Text.assemble((decision.room_name, "bold"), f"  {decision.probability:.0%}")
    if decision.is_default:
        said.append("  DEFAULT ROOM", "bold yellow")
    if decision.standing in ("proposed", "told"):
        said.append(f"  {decision.standing}", "yellow")
    said.append(f"\nrule {decision.rule_id}: {decision.reason}", "dim")
    for note in routing_screen.decision_notes(decision):
        said.append_text(note)
    if decision.abroad is not None:
        said.append(f"\n{decision.abroad.advice_en}\n{decision.abroad.advice_cy}", "yellow")
        said.append("" if decision.abroad.reviewed else " (Welsh not reviewed)", "dim")
    others = [one for one in decision.candidates if one.room_id != decision.room_id]
    if others:
        said.append("\nor " + ", ".join(f"{one.name} {one.probability:.0%}" for one in others))
    return Text(decision.service), said


def _state(row: views.QueueRow) -> Text:
    if row.claimed_by:
        return Text(f"{row.state} · {row.claimed_by} until {clock(row.until)}")
    if row.until and not row.unreachable_since:
        return Text(f"{row.state} until {clock(row.until)}")
    if row.unreachable_since:
        back = "" if row.state == "stale" else "back, was "
        return Text(f"{back}unreachable since {clock(row.unreachable_since)}")
    return Text("waiting again" if row.state == "open" else str(row.state))


def _where(place: views.Place | None) -> Text:
    if place is None:
        return Text("no place", "dim")
    return Text(f"{place.latitude:.4f}, {place.longitude:.4f} ±{place.radius_m:,.0f} m")


def _line(line: Line) -> tuple[Text, Text]:
    shown = Text("" if line.author == CALLER else f"{line.author}: ", "cyan")
    shown.append(visible(line.text), "default")
    if line.repeated_at:
        times = ", ".join(clock(one) for one in line.repeated_at)
        shown.append(f"  repeat ×{len(line.repeated_at)} ({times})", "dim")
    for flag in line.flags:
        sent = f", sent {clock(line.sent_at, seconds=False)}" if flag == "old" else ""
        shown.append(f"  {flag.upper()}{sent}", "bold yellow")
    for number, media in enumerate(line.attachments, 1):
        shown.append(f"\n[{media.kind} {visible(media.name or media.content_type)}]", "dim")
        shown.append(f"\nattachment {line.id} {number}", "dim")
    if line.delivery:
        trouble = (
            f" {visible(line.trouble)}" if line.trouble and line.delivery in ("failed", "queued") else ""
        )
        shown.append(f"  {line.delivery}{trouble}", "bold red" if line.delivery == "failed" else "dim")
    if line.raw:
        shown.append(f"\nas it came: {visible(line.raw[:300])}", "dim")
    return Text(clock(line.at), "dim"), shown


def _hypothesis(one: views.Hypothesis) -> tuple[Text, Text]:
    clue = f" “{visible(one.place.clue)}”" if one.place.clue else ""
    note = f" {visible(one.place.note)}" if one.place.note else ""
    whose = f" ({one.place.whose}'s)" if one.place.whose else ""
    at = clock(one.place.positioned_at or one.received_at)
    mark = Text("●", "bold green") if one.chosen else Text(" ")
    joined = f", joined by {one.joined_by}" if one.joined_by else ""
    return mark, Text.assemble(
        _where(one.place), f"  {one.place.source}{whose}{clue}{note}  {at}  by {one.said_by}{joined}"
    )


def _transfer(one: views.TransferView) -> tuple[Text, Text]:
    shown = Text.assemble((one.room_name, "bold"), f"  {one.kind} ", (one.state, "bold"))
    if one.room_reference:
        shown.append(f"  their reference {visible(one.room_reference)}")
    if one.reason:
        shown.append(f"  {visible(one.reason)}", "yellow")
    if one.state in ("held", "rejected") and one.telephone:
        shown.append(f"  telephone {one.telephone}", "bold")
    return Text(one.service), shown


def _link(one: LinkView) -> tuple[Text, Text]:
    """What became of a location link, in the order in which it happens."""
    shown = Text.assemble((f"{one.mode}  ", "bold"), f"sent {clock(one.sent_at)} by {one.sent_by}")
    shown.append(f", {one.delivery}", "bold red" if one.delivery == "failed" else "dim")
    for word in ("opened", "asked", "granted", "refused"):
        if at := getattr(one, f"{word}_at"):
            trouble = f" ({one.trouble})" if word == "refused" and one.trouble else ""
            shown.append(f" · {word} {clock(at)}{trouble}", "bold yellow" if trouble else "")
    if one.first_fix_at and one.best_fix_m is not None:
        shown.append(f" · first fix {clock(one.first_fix_at)}, last {clock(one.last_fix_at)}")
        shown.append(f", best ±{one.best_fix_m:,.0f} m", "bold green")
    if one.ended_at:
        shown.append(f" · ended {clock(one.ended_at)}, {one.ended_reason}", "dim")
    return Text("link"), shown
