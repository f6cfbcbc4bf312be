"""Services to think of, and places that changed after the hand-over, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from intake.console.terminal.text import clock, visible
from intake.console.views import contact as views
from intake.console.views.routing import AddedView, RerouteView

FLAGS = {"other_room": ("OTHER ROOM?", "bold yellow"), "moved": ("moved", "yellow")}


def flag(row: views.QueueRow) -> Text:
    """What a person should know of its routing since it was handed over; empty for most."""
    words, style = FLAGS.get(row.reroute, ("", ""))
    return Text(f" {words}", style) if words else Text("")


def added(one: AddedView) -> tuple[Text, Text]:
    """A suggestion: what, who would get it, and why."""
    shown = Text.assemble((one.room_name, "bold"), "  LEADS" if one.leads else "")
    if one.called_by:
        shown.append(f"  called out by the {one.called_by}")
    if one.agreement:
        how = "instead of the map's room" if one.agreement.names_room else "beside it"
        asked = ", ".join(one.agreement.beside)
        shown.append(f"\nAgreement “{one.agreement.name}”, for {asked}: {how}; not sent by itself", "yellow")
    shown.append(f"\n{visible(one.reason)}", "dim")
    return Text(one.service), shown


def reroute(one: RerouteView) -> tuple[Text, Text]:
    """What changed, and what to do about it while it is open."""
    if one.kind == "moved":
        shown = Text.assemble((one.held_room_name, "bold"), f"  told: {visible(one.reason)}  {one.state}")
        return Text(one.service), shown
    state = ("OPEN", "bold yellow") if one.state == "open" else (one.state, "bold")
    shown = Text.assemble((one.held_room_name, "bold"), " → ", (one.proposed_room_name, "bold"), "  ", state)
    ended = f"  {clock(one.ended_at)} by {one.ended_by}" if one.ended_at else ""
    shown.append(f"{ended}\n{visible(one.reason)}", "dim")
    if one.state == "open":
        shown.append(
            "\nreroute CONTACT sends it there; stay CONTACT --reason … leaves it where it is", "yellow"
        )
    return Text(one.service), shown


def decision_notes(decision: views.DecisionView) -> Iterable[Text]:
    """Where a border is near: what to know and what to ask."""
    if decision.border:
        yield Text(f"\n{decision.border}", "yellow")
        asked = " / ".join(decision.border_question.values())
        if asked:
            yield Text(f"\nAsk: {asked}", "yellow")
