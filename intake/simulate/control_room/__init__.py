"""A reference control room: another organisation's system, as far as a hand-over can see it."""

from __future__ import annotations

from intake.simulate.control_room.behaviour import Mode, Rule
from intake.simulate.control_room.server import ControlRoomServer

__all__ = ["ControlRoomServer", "Mode", "Rule"]
