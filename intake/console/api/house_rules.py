"""Rules that a supervisor sets for all desks."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from intake.console import auditing
from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_body
from intake.console.desk import DESK, HANDLER, Desk
from intake.console.views import between as views
from intake.house_rules import AutomaticReply
from intake.phrases import LANGUAGES
from intake.stock_replies import StockText
from intake.store import Connection, house_rules
from intake.store.house_rules import Standing
from intake.telling import FIRST


async def automatic_reply(request: web.Request) -> web.Response:
    """Which reply goes out first, and what each choice would say."""
    desk = request.app[DESK]
    return answer(_answer(desk, await desk.store.read(house_rules.automatic_reply)))


async def set_automatic_reply(request: web.Request) -> web.Response:
    desk, supervisor = request.app[DESK], request[HANDLER]
    rule = (await read_body(request, bodies.SetAutomaticReply)).rule

    def work(conn: Connection) -> Standing:
        return house_rules.set_automatic_reply(conn, desk.clock.now(), rule, supervisor)

    return answer(_answer(desk, await auditing.run(request, work, rule=rule.value)))


def _answer(desk: Desk, standing: Standing) -> views.AutomaticReplyAnswer:
    return views.AutomaticReplyAnswer(
        rule=standing.rule.value,
        set_at=standing.set_at,
        set_by=standing.set_by,
        choices=[_choice(desk, rule) for rule in AutomaticReply],
    )


def _choice(desk: Desk, rule: AutomaticReply) -> views.AutomaticText:
    located, ask_location = FIRST[rule]
    return views.AutomaticText(
        rule=rule.value, located=_texts(desk, located), ask_location=_texts(desk, ask_location)
    )


def _texts(desk: Desk, phrase_id: str) -> Mapping[str, StockText]:
    if desk.phrases is None:
        return {}
    found = {language: desk.phrases.phrase(phrase_id, language) for language in LANGUAGES}
    return {
        language: StockText(text=one.text, date=one.date, reviewed=one.reviewed, reviewer=one.reviewer)
        for language, one in found.items()
    }
