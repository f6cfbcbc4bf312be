"""Replies that a provider took and failed later are found quickly, to be shown to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index(
        "ix_replies_untold",
        "replies",
        ["id"],
        sqlite_where=sa.text("state = 'failed' AND reason = ''"),
        postgresql_where=sa.text("state = 'failed' AND reason = ''"),
    )
