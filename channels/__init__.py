"""The explicit registry of channels, a line per channel; a channel's code is loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any, cast

from intake.errors import BadConfiguration
from intake.ports import ChannelAdapter, ChannelContext

CHANNELS = {
    "aml": "channels.aml.adapter",
    "app": "channels.app.adapter",
    "email": "channels.email.adapter",
    "sms": "channels.sms.adapter",
    "telegram": "channels.telegram.adapter",
}


def make_adapter(kind: str, table: Mapping[str, Any], context: ChannelContext) -> ChannelAdapter:
    """The adapter of one channel from its ``[channels.KIND]`` table; raises BadConfiguration."""
    return cast(ChannelAdapter, _module(kind).make_adapter(table, context))


def check(kind: str, table: Mapping[str, Any]) -> list[str]:
    """Every problem of a ``[channels.KIND]`` table, in words an operator can act on."""
    return cast("list[str]", _module(kind).check(table))


def _module(kind: str) -> ModuleType:
    if kind not in CHANNELS:
        raise BadConfiguration([f"channels.{kind}: no such channel; there are {', '.join(CHANNELS)}"])
    return importlib.import_module(CHANNELS[kind])
