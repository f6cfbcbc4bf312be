"""Looks at the console with a handler's token, and gathers what the evening came to."""

from __future__ import annotations

from intake.console.terminal.client import ConsoleClient
from intake.console.views.contact import ContactAnswer
from intake.demo.checks import Evidence
from intake.demo.progress import Progress, progress
from intake.demo.world import World
from intake.simulate.evening import SCENES, AtTheDoor, Evening


class Watch:
    """``look`` reads every live contact anew; nothing is asked of the intake but its own interfaces."""

    def __init__(self, console: ConsoleClient, evening: Evening, world: World):
        self._console, self._evening, self._world = console, evening, world
        self.contacts: dict[str, ContactAnswer] = {}
        self._count = 0

    @property
    def doors(self) -> list[AtTheDoor]:
        return self._evening.doors

    async def look(self) -> list[Progress]:
        """Each scene's caller as the console shows them now, in the order of the script."""
        rows = (await self._console.queue(limit=100)).rows
        self._count = len(rows)
        scene_of = {caller: scene_id for scene_id, caller in self._evening.callers.items()}
        for row in rows:
            if scene_id := scene_of.get(row.caller):
                self.contacts[scene_id] = await self._console.show(row.id)
        return [progress(scene.title, scene.words, self.contacts.get(scene.id)) for scene in SCENES]

    async def evidence(self) -> Evidence:
        """All that the checks ask about, as it is now."""
        return Evidence(
            contacts=dict(self.contacts),
            told=await self._evening.told(),
            received={room_id: tuple(room.received) for room_id, room in self._world.rooms.items()},
            doors=tuple(self._evening.doors),
            metrics=await self._world.intake.metrics(self._world.outside.http),
            contact_count=self._count,
        )
