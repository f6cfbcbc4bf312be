"""Ready texts for handlers, in the caller's language."""

from __future__ import annotations

from aiohttp import web

from intake.console.api import bodies_between as bodies
from intake.console.api.answers import answer, read_query
from intake.console.desk import DESK
from intake.console.views.between import stock_answer


async def list_all(request: web.Request) -> web.Response:
    language = read_query(request, bodies.StockQuery).language
    return answer(stock_answer(request.app[DESK].stock_replies, language))
