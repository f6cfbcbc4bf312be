"""Every path that is about who is at the desk."""

from __future__ import annotations

from intake.console.routes import Route
from intake.console.sign_in.account_pages import account_routes
from intake.console.sign_in.accounts_pages import accounts_routes
from intake.console.sign_in.api import session_routes
from intake.console.sign_in.pages import sign_in_routes


def people_routes() -> tuple[Route, ...]:
    return (*sign_in_routes(), *session_routes(), *account_routes(), *accounts_routes())
