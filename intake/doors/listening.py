"""Opening and closing listeners: HTTP applications, the SMTP server, and its certificate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from intake.doors.direct import Handler, directly
from intake.errors import BadConfiguration
from intake.settings import DoorsSettings


async def serve_http(
    stack: AsyncExitStack,
    app: web.Application,
    host: str,
    port: int,
    doors: Mapping[str, Handler] | None = None,
) -> int:
    """Listen with one application; returns the port. No access log: it would hold callers' handles.

    ``doors`` are served by the short way, by their exact paths.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=5.0,
        # Bodies are kept as they come: a bomb of 100 MB in 97 KB held up the loop for a quarter of a second.
        auto_decompress=False,
    )
    await runner.setup()
    if doors and runner.server is not None:
        runner.server.request_handler = directly(doors, runner.server.request_handler)
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    return int(runner.addresses[0][1])


async def close_server(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


def server_tls(doors: DoorsSettings) -> ssl.SSLContext | None:
    if not doors.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(Path(doors.tls_certificate), Path(doors.tls_key) if doors.tls_key else None)
    except (OSError, ssl.SSLError) as error:
        raise BadConfiguration(
            [f"doors.tls_certificate: cannot load {doors.tls_certificate}: {error}"]
        ) from error
    return context
