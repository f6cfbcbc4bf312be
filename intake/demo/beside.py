"""The second handler, simulated beside you: works the queue by JSON, on a live line like yours."""

from __future__ import annotations

import asyncio
from types import TracebackType

from intake.console.terminal.client import ConsoleClient
from intake.demo.desk import SimulatedHandler
from intake.demo.intake_process import DemoFailed
from intake.demo.live_desk import LiveDesk
from intake.demo.setting import HANDLER, Setting
from intake.simulate.evening import SCENES, Evening, Handling

HELLO_WITHIN_S = 10.0


class Beside:
    """Use it as an async context manager; ``console`` is the same handler's line for looking."""

    def __init__(self, setting: Setting, evening: Evening):
        self._evening = evening
        self._plans = {scene.id: scene.handling for scene in SCENES}
        token = setting.tokens[HANDLER]
        self.console = ConsoleClient(setting.console_url, token)
        self._handler = SimulatedHandler(self.console, self._plan, evening.live_ended.wait)
        self._line = LiveDesk(setting.console_url, token, self._handler.claims)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Beside:
        """Raises DemoFailed when the console does not greet the desk."""
        await self.console.__aenter__()
        self._tasks = {
            "live line": asyncio.create_task(self._line.stay()),
            "simulated handler": asyncio.create_task(self._handler.work()),
        }
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                await self._line.said_hello.wait()
        except TimeoutError:
            await self.__aexit__(None, None, None)
            raise DemoFailed("the console's live line said no hello to the simulated handler") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self.console.__aexit__(kind, error, trace)

    def require_working(self) -> None:
        """Raises DemoFailed when the handler could not go on."""
        for name, task in self._tasks.items():
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise DemoFailed(f"the {name} could not go on: {innermost(error)}")

    def _plan(self, caller: str) -> Handling | None:
        known = self._evening.callers.items()
        return next((self._plans[id] for id, one in known if one == caller), None)


def innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
