"""The servers we measure ourselves against, as plain as they come.

hello: aiohttp reads a POST and answers. single: aiohttp writes one row a request, one COMMIT each.
smtp: aiosmtpd takes mail and keeps nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP


async def hello(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=b"hello", content_type="text/plain")


def single(path: str) -> Any:
    threads = ThreadPoolExecutor(1)

    def connect() -> sqlite3.Connection:
        conn = sqlite3.connect(path, isolation_level=None)
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB)")
        return conn

    opened = threads.submit(connect).result()

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.get_running_loop().run_in_executor(
            threads, opened.execute, "INSERT INTO bodies (body) VALUES (?)", (body,)
        )
        return web.Response(body=b"kept", content_type="text/plain")

    return handle


class Discard:
    async def handle_DATA(self, *_args: Any) -> str:
        return "250 OK"


async def main(kind: str, port: int, path: str) -> None:
    if kind == "smtp":
        await asyncio.get_running_loop().create_server(lambda: SMTP(Discard()), "127.0.0.1", port)
    else:
        app = web.Application()
        app.router.add_post("/hello", hello if kind == "hello" else single(path))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
