"""Clues kept with the words they came from, and links by which callers share their place."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "clues",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("clue", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clues"),
    )
    op.create_index("ix_clues_message", "clues", ["message_id"], unique=False)
    op.create_index("ix_clues_contact", "clues", ["contact_id", "id"], unique=False)
    op.create_table(
        "clue_lookups",
        sa.Column("clue_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("clue_id", name="pk_clue_lookups"),
    )
    op.create_index("ix_clue_lookups_contact", "clue_lookups", ["contact_id"], unique=False)
    op.create_index(
        "ix_clue_lookups_due",
        "clue_lookups",
        ["kind", "next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "location_links",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("reply_id", ID, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("first_fix_at", sa.BigInteger(), nullable=True),
        sa.Column("last_fix_at", sa.BigInteger(), nullable=True),
        sa.Column("best_fix_m", sa.Float(), nullable=True),
        sa.Column("trouble", sa.String(length=16), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_reason", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_location_links"),
        sa.UniqueConstraint("code_digest", name="uq_location_links_code_digest"),
    )
    op.create_index("ix_location_links_contact", "location_links", ["contact_id", "id"], unique=False)
    _rerouting()
    _phones()


def _phones() -> None:
    """Whose phone a fix came from, and by what it found its contact."""
    op.add_column("locations", sa.Column("device", sa.Text(), nullable=False, server_default=""))
    joined_by = sa.Column("joined_by", sa.String(length=32), nullable=False, server_default="")
    op.add_column("locations", joined_by)
    for name, columns, where in (
        ("device", ["device"], "contact_id IS NULL AND device <> ''"),
        ("unclaimed", ["contact_id", "received_at"], "contact_id IS NULL"),
        ("stated", ["caller"], "joined_by = 'stated number'"),
    ):
        index, true_for = f"ix_locations_{name}", sa.text(where)
        op.create_index(
            index, "locations", columns, unique=False, sqlite_where=true_for, postgresql_where=true_for
        )
    op.create_table(
        "phones",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("is_stated", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("crashed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_phones"),
    )
    op.create_index("ix_phones_caller", "phones", ["caller", "received_at"], unique=False)
    known = sa.text("device <> ''")
    op.create_index(
        "ix_phones_device",
        "phones",
        ["device", "received_at"],
        unique=False,
        sqlite_where=known,
        postgresql_where=known,
    )


def _rerouting() -> None:
    """Decisions that can be replayed, and places that change after the hand-over."""
    op.add_column("contacts", sa.Column("reroute", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("contacts", sa.Column("place_check_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_contacts_place_check",
        "contacts",
        ["place_check_at"],
        unique=False,
        sqlite_where=sa.text("place_check_at IS NOT NULL"),
        postgresql_where=sa.text("place_check_at IS NOT NULL"),
    )
    standing = sa.Column("standing", sa.String(length=16), nullable=False, server_default="sent")
    op.add_column("decisions", standing)
    op.add_column("decisions", sa.Column("seal", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "routing_grounds",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_routing_grounds"),
    )
    op.create_table(
        "reroutes",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("held_room_id", sa.Text(), nullable=False),
        sa.Column("proposed_room_id", sa.Text(), nullable=False),
        sa.Column("moved_m", sa.Float(), nullable=False),
        sa.Column("decision_id", ID, nullable=False),
        sa.Column("transfer_id", ID, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reroutes"),
    )
    op.create_index("ix_reroutes_contact", "reroutes", ["contact_id", "id"], unique=False)
    op.create_index(
        "ix_reroutes_handing",
        "reroutes",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'handing'"),
        postgresql_where=sa.text("state = 'handing'"),
    )
