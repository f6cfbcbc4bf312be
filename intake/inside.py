"""What works behind the doors, put together: the register, the workers, the console.

Loaded once the doors stand open: a restart must not keep callers waiting for maps and schemas.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from intake.boundaries.drawing import Drawing
from intake.console.app import make_console_app
from intake.console.attachments.fetching import Attachments
from intake.console.desk import Desk
from intake.console.peers import Proxies
from intake.console.roles import Right
from intake.console.routes import Route, route
from intake.console.sign_in.gate import Gate
from intake.console.sign_in.oidc import console_url, make_provider
from intake.console.sign_in.passkeys import make_passkeys
from intake.console.sign_in.sessions import BrowserSessions
from intake.console.tiles import Tiles
from intake.console.welsh import welsh_of
from intake.doors.listening import serve_http
from intake.doors.way_in import WayIn
from intake.explaining import Explaining
from intake.feeds import FeedDoor, HttpsFeed, shared_secrets
from intake.handover import HandOver
from intake.locate import best
from intake.locate.geocoding import open_geocoders, preload, worth_asking_s
from intake.locate.questions import question_of
from intake.locate.text import TextLocator
from intake.phrases import LANGUAGES, load_phrases
from intake.ports import PartsJoiner
from intake.public.inviting import InvitingByRule, make_inviting
from intake.register import BOUNDARIES, load_auto_transfer, load_register, load_rerouting
from intake.rerouting import Rerouting
from intake.running import Running, new_id, spawn
from intake.service_health import Health, health_handlers
from intake.stock_replies import load_stock_replies
from intake.store.answering import AnswerTarget
from intake.suggesting import Suggesting
from intake.telling import Telling
from intake.triage import load_added, load_triage
from intake.updating import Updating
from intake.verdicts import Verdicts
from intake.workers.geocoding import Geocoding
from intake.workers.keeping import Keeping
from intake.workers.letting_go import LettingGo
from intake.workers.loop import Step, go_round, tick
from intake.workers.parsing import Parsing
from intake.workers.relaying import Relaying
from intake.workers.replying import Replying
from intake.workers.rerouting import ReroutingWorker
from intake.workers.sweeping import Sweeping
from intake.workers.triaging import Triaging


class Inside:
    """What the roles behind the doors share. Making one reads files: not on the event loop."""

    def __init__(self, started: Running):
        settings, store, clock = started.settings, started.store, started.clock
        self.secrets = shared_secrets(settings.feeds.secrets)
        self.router = load_register(settings.config_dir, feed_urls=settings.feeds.urls)
        self.locator = TextLocator.load(settings.data_dir, settings.config_dir / "gazetteer")
        phrases = load_phrases(settings.config_dir)
        self.phrases = phrases
        self.telling = Telling(phrases)
        self.stock_replies = load_stock_replies(settings.config_dir)
        self.ask = partial(question_of, phrases)
        self.inviting = make_inviting(settings.links, phrases, settings.doors.public_url, new_id)
        self.added = load_added(settings.config_dir)
        self.suggesting = Suggesting(self.added, self.router)
        self.explaining = Explaining(settings.config_dir / BOUNDARIES, self.router)
        self.border_question = {language: phrases.text("ask_border", language) for language in LANGUAGES}
        suggested = self.suggesting.beside
        self.handover = HandOver(store, self.router, clock, new_id, settings.feeds.agency, suggested)
        rerouting = load_rerouting(settings.config_dir)
        self.rerouting = Rerouting(store, self.handover, self.router, clock, new_id, rerouting)
        self.updating = Updating(store, self.handover, self.router, clock)
        self.verdicts = Verdicts(store, self.telling, clock, new_id, settings.transfers.verdict_wait_s)
        self.feed_door = FeedDoor(self.secrets)
        self.triage = load_triage(settings.config_dir)
        self.policy = load_auto_transfer(settings.config_dir)
        preload(settings)


async def open_console(stack: AsyncExitStack, started: Running, inside: Inside) -> None:
    """Listen for call handlers."""
    settings, console = started.settings, started.settings.console
    sessions = BrowserSessions(
        started.store, started.clock, life_s=console.session_s, idle_s=console.session_idle_s
    )
    tiles = Tiles(console.map_tiles, console.map_tiles_attribution) if console.map_tiles else None
    if tiles is not None:
        stack.push_async_callback(tiles.close)
    provider = make_provider(console, started.clock)
    if provider is not None:
        stack.push_async_callback(provider.close)
    gate = Gate(started.store, started.clock, sessions, console.secret)
    desk = Desk(
        drawing=Drawing(settings.config_dir / BOUNDARIES, settings.config_dir / "gazetteer" / "places.csv"),
        tiles=tiles,
        attachments=Attachments(
            started.adapters,
            limit_bytes=console.attachment_limit_bytes,
            timeout_s=console.attachment_timeout_s,
        ),
        sessions=sessions,
        gate=gate,
        provider=provider,
        passkeys=make_passkeys(gate, console_url(console), new_id),
        idle_lock_s=console.idle_lock_s,
        answer_target=AnswerTarget(within_s=console.answer_target_s, window_s=console.answer_window_s),
        store=started.store,
        router=inside.router,
        handover=inside.handover,
        places=best,
        locator=inside.locator,
        ask=inside.ask,
        welsh=welsh_of(inside.router, inside.added),
        inviting=inside.inviting,
        suggesting=inside.suggesting,
        stock_replies=inside.stock_replies,
        phrases=inside.phrases,
        updating=inside.updating,
        rerouting=inside.rerouting,
        explaining=inside.explaining,
        border_question=inside.border_question,
        clock=started.clock,
        new_id=new_id,
        tokens=settings.console.tokens,
        proxies=Proxies(settings.console.trusted_proxies),
        libraries_dir=Path(settings.console.libraries_dir),
        lease_s=settings.contacts.lease_s,
        lease_limit_s=settings.contacts.lease_limit_s,
        old_after_s=settings.contacts.old_after_s,
        fixes_wait_s=settings.contacts.fixes_wait_s,
        stale_review_s=settings.contacts.stale_review_s,
        stale_suggest_s=settings.contacts.stale_suggest_s,
        read_timeout_s=settings.doors.read_timeout_s,
    )
    app = make_console_app(desk, routes_beside(started.health))
    started.console_port = await serve_http(stack, app, settings.console.host, settings.console.port)


def routes_beside(health: Health) -> list[Route]:
    """What the console's port answers beside the console: /health and /metrics, to anybody."""
    return [route("GET", path, show, Right.OPEN) for path, show in health_handlers(health).items()]


def start_workers(stack: AsyncExitStack, started: Running, inside: Inside) -> None:
    """Start the loops between the doors and the rooms."""
    settings, store, clock = started.settings, started.store, started.clock
    parsing = Parsing(store, started.adapters)
    stack.callback(parsing.close)
    triaging = Triaging(
        store,
        inside.locator,
        inside.triage,
        inside.telling,
        LettingGo(inside.handover, inside.policy, settings.contacts.old_after_s),
        clock,
        new_id,
        settings.contacts,
        {one.kind: one.whole_of for one in started.adapters if isinstance(one, PartsJoiner)},
    )
    feed = HttpsFeed(
        inside.secrets,
        agency=settings.feeds.agency,
        now=clock.now,
        connect_timeout_s=settings.transfers.connect_timeout_s,
        answer_timeout_s=settings.transfers.answer_timeout_s,
    )
    stack.push_async_callback(feed.close)
    relaying = Relaying(
        store,
        feed,
        inside.router,
        inside.verdicts,
        clock,
        new_id,
        settings.transfers,
        at_one_room=settings.workers.relays,
    )
    stack.push_async_callback(relaying.close)
    replying = Replying(store, started.adapters, clock)
    stack.push_async_callback(replying.close)
    rerouting = ReroutingWorker(store, inside.rerouting, clock)
    sweeping = Sweeping(store, started.adapters, WayIn(store, clock, new_id), clock, settings.workers)
    keeping = Keeping(store, clock, settings.contacts, started.adapters)
    for name, step in {
        "parsing": parsing.step,
        "triaging": triaging.step,
        "relaying": relaying.step,
        "replying": replying.step,
        "rerouting": rerouting.step,
    }.items():
        spawn(stack, started, _on_bell, started, name, step)
    for name, step, every_s in (
        ("rejoining", triaging.rejoin, 5.0),
        ("settling", replying.settle, 5.0),
        ("sweeping", sweeping.step, settings.workers.sweep_every_s),
        ("watching", keeping.watch, 5.0),
        ("offers", keeping.end_offers, 5.0),
        ("unreachable", keeping.hear_again, 2.0),
        ("proposals", rerouting.watch, 5.0),
        ("closing", keeping.close_silent, 60.0),
    ):
        spawn(stack, started, tick, name, step, every_s=every_s, health=started.health)
    _start_beside(stack, started, inside)


def _start_beside(stack: AsyncExitStack, started: Running, inside: Inside) -> None:
    """What no contact waits for: look-ups by services outside, and links that go by rule."""
    settings, store, clock = started.settings, started.store, started.clock
    geocoding = Geocoding(store, open_geocoders(settings), worth_asking_s(settings), clock, new_id)
    stack.push_async_callback(geocoding.close)
    spawn(stack, started, _on_bell, started, "geocoding", geocoding.step)
    spawn(stack, started, tick, "lookups", geocoding.count, every_s=5.0, health=started.health)
    if inside.inviting is not None and settings.links.automatic:
        rule = InvitingByRule(store, inside.inviting, clock, settings.links)
        spawn(stack, started, tick, "inviting", rule.step, every_s=2.0, health=started.health)


async def _on_bell(started: Running, name: str, step: Step) -> None:
    idle_s = started.settings.workers.poll_s
    await go_round(name, step, bell=started.store.bell, idle_s=idle_s, health=started.health)
