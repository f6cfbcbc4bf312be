"""Notes between handlers: anybody who works here may leave one at any contact."""

from __future__ import annotations

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER
from intake.console.views.between import NoteView
from intake.store import Connection, contacts, notes
from intake.store.notes import Note


async def add(request: web.Request) -> web.Response:
    desk, handler, address = request.app[DESK], request[HANDLER], request.match_info["contact"]
    body = await read_body(request, bodies.Note)

    def work(conn: Connection) -> Note:
        contact_id = contacts.find(conn, address)
        return notes.add(conn, desk.clock.now(), contact_id, handler, body.text, desk.new_id)

    note = await auditing.run(request, work, contact=lambda note: note.contact_id)
    return answer(view(note), 201)


def view(note: Note) -> NoteView:
    return NoteView(id=note.id, contact_id=note.contact_id, author=note.author, at=note.at, text=note.text)
