"""Whether workers take jobs: one row, for operators to change."""

from typing import Final

from reel_db.migrations import execute_script

revision = "0004"
down_revision = "0003"

TABLE: Final = """
CREATE TABLE consumption (
  is_only_row boolean     PRIMARY KEY DEFAULT true CHECK (is_only_row),
  revision    bigint      NOT NULL DEFAULT 0,
  paused_at   timestamptz,
  reason      text,
  interrupt   boolean     NOT NULL DEFAULT false,
  CHECK (paused_at IS NOT NULL OR (reason IS NULL AND NOT interrupt))
);
INSERT INTO consumption DEFAULT VALUES;
"""


def upgrade() -> None:
    """Add the table; jobs are taken to begin with."""
    execute_script(TABLE)
