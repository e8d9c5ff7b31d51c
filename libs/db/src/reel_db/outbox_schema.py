"""Tables of the outbox and the inbox, for a service's first migration."""

from typing import Final

CHANNEL_SUFFIX: Final = "_outbox"


def channel(schema: str) -> str:
    """Return the NOTIFY channel on which the outbox in `schema` announces new rows."""
    return f"{schema}{CHANNEL_SUFFIX}"


def outbox_ddl_v1() -> str:
    """Return the DDL of table `outbox`, in the first schema of the search_path.

    A row is *pending* until `delivered_at` or `dead_at` is set. `seq` is the order of delivery
    among rows of one (`destination`, `key`). `body` is `json`, not `jsonb`: the exact text is sent.
    Every statement that inserts announces itself on `channel(schema)`, on commit.
    """
    return f"""
CREATE TABLE outbox (
  seq             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id              uuid        NOT NULL UNIQUE,
  destination     text        NOT NULL,
  key             uuid        NOT NULL,
  body            json        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  claimed_until   timestamptz,
  delivered_at    timestamptz,
  dead_at         timestamptz,
  last_error      text,
  CHECK (delivered_at IS NULL OR dead_at IS NULL)
);
-- Both claim indexes hold pending rows only: their size is the backlog, not the history.
CREATE INDEX outbox_pending_due ON outbox (next_attempt_at, seq)
  WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_pending_order ON outbox (destination, key, seq)
  WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;

CREATE FUNCTION outbox_announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA || '{CHANNEL_SUFFIX}', '');
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_announce AFTER INSERT ON outbox
  FOR EACH STATEMENT EXECUTE FUNCTION outbox_announce();
"""


def inbox_ddl_v1() -> str:
    """Return the DDL of table `inbox`: the ids of messages whose effect is committed."""
    return """
CREATE TABLE inbox (
  source      text        NOT NULL,
  message_id  text        NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, message_id)
);
CREATE INDEX inbox_received ON inbox (received_at);
"""
