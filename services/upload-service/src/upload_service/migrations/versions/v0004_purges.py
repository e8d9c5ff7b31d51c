"""What is deleted of a deleted video, for its receipt.

Revision: 0007
"""

from reel_db.migrations import execute_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Noted before it is deleted, so that a crash in between does not make it less.
PURGES = """
CREATE TABLE purges (
  video_id    uuid        PRIMARY KEY,
  objects     bigint      NOT NULL DEFAULT 0 CHECK (objects >= 0),
  size_bytes  bigint      NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
  reported_at timestamptz
);
"""


def upgrade() -> None:
    execute_script(PURGES)
