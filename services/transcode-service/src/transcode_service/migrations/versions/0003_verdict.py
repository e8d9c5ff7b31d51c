"""What reading an attempt's published film back told."""

from reel_db.migrations import execute_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Keep the verdict of the check with its attempt."""
    execute_script("ALTER TABLE job_attempts ADD COLUMN verdict jsonb;")
