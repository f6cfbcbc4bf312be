"""Structured logs: events with ids and reasons, never what a person wrote or their number."""

from __future__ import annotations

import logging
import sys

import structlog

from intake.settings import LogSettings


class WithoutContent(logging.Filter):
    """aiohttp logs what it could not parse with a traceback that quotes it: a caller's words, perhaps."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Imported here: the process that commits has no use for aiohttp.
        from aiohttp.http_exceptions import HttpProcessingError  # noqa: PLC0415

        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.msg, record.args, record.exc_info = "not HTTP, refused (%s)", (type(error).__name__,), None
        return True


current = LogSettings()
"""What this process was told; a process it starts speaks the same way."""


def set_up_logs(settings: LogSettings) -> None:
    """JSON lines on stderr, or a readable form; libraries speak only from WARNING up."""
    global current
    current = settings
    level = logging.getLevelNamesMapping().get(settings.level.upper(), logging.INFO)
    logging.basicConfig(stream=sys.stderr, level=max(level, logging.WARNING), format="%(name)s: %(message)s")
    # aiosmtpd logs addresses at INFO and whole mails at DEBUG: never.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    logging.getLogger("aiohttp.server").addFilter(WithoutContent())
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if settings.format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
