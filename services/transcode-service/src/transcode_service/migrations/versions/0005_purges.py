"""What a purge of a deleted video has found, for its receipt."""

from reel_db.migrations import execute_script

revision = "0005"
down_revision = "0004"

PURGES = """
ALTER TABLE video_outputs
  ADD COLUMN found_objects bigint NOT NULL DEFAULT 0 CHECK (found_objects >= 0),
  ADD COLUMN found_bytes   bigint NOT NULL DEFAULT 0 CHECK (found_bytes >= 0);
"""


def upgrade() -> None:
    execute_script(PURGES)
