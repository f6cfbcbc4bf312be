"""Who works the queue: accounts, sessions, desks, notes, merges and the record of who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    merged = sa.Column("merged_into", ID, nullable=False, server_default="")
    op.add_column("contacts", merged)
    merged_into = sa.text("merged_into <> ''")
    op.create_index(
        "ix_contacts_merged_into",
        "contacts",
        ["merged_into"],
        sqlite_where=merged_into,
        postgresql_where=merged_into,
    )
    _unreachable()
    # A merged contact is in no queue, and must not pile up at its head.
    op.drop_index("ix_contacts_queue", "contacts")
    live = sa.text("state <> 'closed' AND state <> 'merged'")
    op.create_index(
        "ix_contacts_queue",
        "contacts",
        ["priority", "queued_at", "id"],
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False, server_default="en"),
        sa.Column("password_hash", sa.Text(), nullable=False, server_default=""),
        sa.Column("totp_sealed", sa.Text(), nullable=False, server_default=""),
        sa.Column("totp_last_step", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("oidc_subject", sa.Text(), nullable=False, server_default=""),
        sa.Column("open_limit", sa.Integer(), nullable=False, server_default="3"),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
    )
    op.create_index(
        "uq_accounts_oidc_subject",
        "accounts",
        ["oidc_subject"],
        unique=True,
        sqlite_where=sa.text("oidc_subject <> ''"),
        postgresql_where=sa.text("oidc_subject <> ''"),
    )
    op.create_table(
        "console_sessions",
        sa.Column("id_digest", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("locked_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id_digest", name="pk_console_sessions"),
    )
    op.create_index("ix_console_sessions_account", "console_sessions", ["account"], unique=False)
    op.create_table(
        "desks",
        sa.Column("handler", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("handler", name="pk_desks"),
        sa.UniqueConstraint("number", name="uq_desks_number"),
    )
    op.create_table(
        "drafts",
        sa.Column("handler", sa.String(length=40), nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("handler", "contact_id", name="pk_drafts"),
    )
    op.create_table(
        "reply_keys",
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("handler", sa.String(length=40), nullable=False),
        sa.Column("reply_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_reply_keys"),
    )
    _known_devices()
    _passkeys()
    _unaccepted()
    _between_handlers()
    _audit()


def _known_devices() -> None:
    op.create_table(
        "known_devices",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("id_digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id_digest", name="pk_known_devices"),
    )
    op.create_index("ix_known_devices_id_digest", "known_devices", ["id_digest"], unique=False)


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", ID, nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("user_handle", sa.String(length=43), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_account", "passkeys", ["account"], unique=False)
    op.create_table(
        "passkey_challenges",
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("bound_to", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "bound_to", name="pk_passkey_challenges"),
    )
    op.create_index("ix_passkey_challenges_expires_at", "passkey_challenges", ["expires_at"], unique=False)


def _unreachable() -> None:
    """Callers a handler could not reach: since when, after trying what, with which signs of them by then."""
    op.add_column("contacts", sa.Column("unreachable_since", sa.BigInteger(), nullable=True))
    op.add_column("contacts", sa.Column("unreachable_reason", sa.Text(), nullable=False, server_default=""))
    op.add_column("contacts", sa.Column("unreachable_signs", sa.Text(), nullable=True))
    stale = sa.text("state = 'stale'")
    op.create_index(
        "ix_contacts_stale",
        "contacts",
        ["unreachable_since"],
        sqlite_where=stale,
        postgresql_where=stale,
    )


def _unaccepted() -> None:
    """Which rooms have not accepted what was sent to them, asked each second."""
    waits = sa.text("kind = 'creation' AND state IN ('queued', 'sent', 'delivered')")
    op.create_index(
        "ix_transfers_unaccepted",
        "transfers",
        ["created_at", "contact_id", "room_id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def _between_handlers() -> None:
    """What handlers leave for each other, and what supervisors set for all."""
    op.create_table(
        "notes",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("author", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_contact", "notes", ["contact_id", "id"], unique=False)
    op.create_table(
        "handings",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("from_handler", sa.String(length=40), nullable=False),
        sa.Column("to_handler", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handings"),
    )
    op.create_index("ix_handings_contact", "handings", ["contact_id", "id"], unique=False)
    op.create_index(
        "uq_handings_offered",
        "handings",
        ["contact_id"],
        unique=True,
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_table(
        "merges",
        sa.Column("id", ID, nullable=False),
        sa.Column("kept_id", ID, nullable=False),
        sa.Column("merged_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
    )
    op.create_index("ix_merges_kept", "merges", ["kept_id"], unique=False)
    op.create_index(
        "uq_merges_standing",
        "merges",
        ["merged_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "readings",
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("handler", sa.String(length=40), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "handler", name="pk_readings"),
    )
    op.create_table(
        "house_rules",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_house_rules"),
    )


def _audit() -> None:
    op.create_table(
        "audit_records",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_records"),
    )
    op.create_index("ix_audit_records_action", "audit_records", ["action", "number"], unique=False)
    op.create_index("ix_audit_records_actor", "audit_records", ["actor", "number"], unique=False)
    op.create_index("ix_audit_records_at", "audit_records", ["at"], unique=False)
    op.create_index("ix_audit_records_contact", "audit_records", ["contact_id", "number"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_records_no_{verb.lower()} BEFORE {verb} ON audit_records "
                "BEGIN SELECT RAISE(ABORT, 'audit_records is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_records_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_records is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_records_append_only()"
    )
