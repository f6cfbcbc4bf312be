"""What all tables share: one MetaData, and an index over a part of the rows on either engine."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Index, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def index_where(name: str, *columns: ColumnElement[Any], where: str, unique: bool = False) -> Index:
    """A partial index; both engines understand the same condition."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
