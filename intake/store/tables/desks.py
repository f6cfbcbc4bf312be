"""Who works the queue, from where, and what they leave for each other."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, false

from intake.store.tables.whole import index_where, metadata
from intake.store.types import ID, Instant, Json

# A person who may sign in. Secrets are kept as argon2id or sealed; an account is disabled, never deleted.
accounts = Table(
    "accounts",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("display_name", Text, nullable=False),
    # handler | supervisor | auditor | researcher | admin
    Column("role", String(16), nullable=False),
    Column("language", String(2), nullable=False, server_default="en"),
    # argon2id in its own encoding; empty where only the identity provider vouches.
    Column("password_hash", Text, nullable=False, server_default=""),
    # Sealed with the console's secret; empty until a second factor is enrolled.
    Column("totp_sealed", Text, nullable=False, server_default=""),
    # RFC 6238 §5.2: a code is taken once.
    Column("totp_last_step", Integer, nullable=False, server_default="0"),
    # `issuer subject` of the identity provider; empty for local accounts.
    Column("oidc_subject", Text, nullable=False, server_default=""),
    # Open conversations at most; a supervisor sets 1 to 4.
    Column("open_limit", Integer, nullable=False, server_default="3"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)
index_where(
    "uq_accounts_oidc_subject",
    accounts.c.oidc_subject,
    where="oidc_subject <> ''",
    unique=True,
)

# A signed-in browser. `id_digest` is the SHA-256 of the cookie: the table opens no session.
console_sessions = Table(
    "console_sessions",
    metadata,
    Column("id_digest", String(64), primary_key=True),
    Column("account", String(40), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # Set by the idle lock, emptied by the password.
    Column("locked_at", Instant),
    Column("ended_at", Instant),
)
Index("ix_console_sessions_account", console_sessions.c.account)

# A browser in which this person has signed in. `id_digest` is the SHA-256 of its cookie, as above.
known_devices = Table(
    "known_devices",
    metadata,
    Column("account", String(40), primary_key=True),
    Column("id_digest", String(64), primary_key=True),
    Column("used_at", Instant, nullable=False),
    # Its own, as an account's: guessing elsewhere does not make it rest.
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
)
Index("ix_known_devices_id_digest", known_devices.c.id_digest)

# A person's passkeys: what proves a signature of theirs. Nothing here opens a session.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("account", String(40), nullable=False),
    # Base64url, as browsers write it; at most 1,023 bytes (WebAuthn §5.8.3).
    Column("credential_id", Text, nullable=False, unique=True),
    # What the authenticator knows the account by: the same for each passkey of it, and random.
    Column("user_handle", String(43), nullable=False),
    # A COSE key in CBOR (RFC 9052 §7).
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)
Index("ix_passkeys_account", passkeys.c.account)

# What a passkey is to sign: one for each browser and purpose, taken out when an answer comes.
passkey_challenges = Table(
    "passkey_challenges",
    metadata,
    # sign_in | add | unlock
    Column("purpose", String(16), primary_key=True),
    # The digest of the browser's form cookie, or of its session.
    Column("bound_to", String(64), primary_key=True),
    Column("challenge", String(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
)
Index("ix_passkey_challenges_expires_at", passkey_challenges.c.expires_at)

# A desk that is, or was last, live: what supervisors see, and who is free.
desks = Table(
    "desks",
    metadata,
    Column("handler", String(40), primary_key=True),
    # What people say aloud: "with desk 7". Given once, never given again.
    Column("number", Integer, nullable=False, unique=True),
    # available | away
    Column("state", String(16), nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    # False once its socket closed in order: then nobody waits for it to come back.
    Column("connected", Boolean, nullable=False, server_default=false()),
)

# A supervisor who reads a conversation along: true while their live line shows it.
readings = Table(
    "readings",
    metadata,
    Column("contact_id", ID, primary_key=True),
    Column("handler", String(40), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# What a handler has typed and not sent: survives the browser, the machine and the intake.
drafts = Table(
    "drafts",
    metadata,
    Column("handler", String(40), primary_key=True),
    Column("contact_id", ID, primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# The name under which a desk asked for a reply: asked again, it is not said again.
reply_keys = Table(
    "reply_keys",
    metadata,
    Column("key", String(36), primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("handler", String(40), nullable=False),
    Column("reply_id", ID, nullable=False),
)

# Said among handlers; never to a caller.
notes = Table(
    "notes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("author", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
)
Index("ix_notes_contact", notes.c.contact_id, notes.c.id)

# A contact offered to a colleague: it stays where it is until it is taken.
handings = Table(
    "handings",
    metadata,
    Column("id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("from_handler", String(40), nullable=False),
    # Empty: whoever takes it first (the end of a shift).
    Column("to_handler", String(40), nullable=False),
    Column("note", Text, nullable=False),
    # The contact's fence when it was offered: once the giver has lost it, nothing is offered any more.
    Column("attempts", Integer, nullable=False),
    Column("offered_at", Instant, nullable=False),
    # offered | taken | declined | withdrawn
    Column("state", String(16), nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(40), nullable=False),
)
Index("ix_handings_contact", handings.c.contact_id, handings.c.id)
index_where(
    "uq_handings_offered",
    handings.c.contact_id,
    where="state = 'offered'",
    unique=True,
)

# Two contacts that are one: `merged_id` shows in `kept_id` until it is undone.
merges = Table(
    "merges",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kept_id", ID, nullable=False),
    Column("merged_id", ID, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    # How the merged contact stood: undoing brings this back.
    Column("before", Json, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", String(40), nullable=False),
)
Index("ix_merges_kept", merges.c.kept_id)
index_where(
    "uq_merges_standing",
    merges.c.merged_id,
    where="undone_at IS NULL",
    unique=True,
)

# What a supervisor has set for all desks: for now which automatic reply goes out first.
house_rules = Table(
    "house_rules",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Json, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("set_by", String(40), nullable=False),
)
