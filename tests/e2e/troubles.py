"""What goes wrong in a page by itself: an error that nobody caught, anything its own policy stopped."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext

POLICY = "Content Security Policy"


class Troubles(list[str]):
    """What every page of every browser context has met since it was last emptied."""

    def watch(self, context: BrowserContext) -> BrowserContext:
        context.on("weberror", lambda one: self.append(f"page error: {one.error}"))
        context.on("console", lambda said: self.append(said.text) if POLICY in said.text else None)
        return context

    def watch_all(self, browser: Browser) -> None:
        """Each context this browser opens from now on."""
        new_context = browser.new_context

        def watched(*args: object, **options: object) -> BrowserContext:
            return self.watch(new_context(*args, **options))  # type: ignore[arg-type]

        browser.new_context = watched  # type: ignore[method-assign]
