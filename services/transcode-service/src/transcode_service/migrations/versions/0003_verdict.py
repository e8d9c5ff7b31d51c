"""What reading an attempt's published film back told."""

from reel_db.migrations import execute_script

revision = "0003_verdict"
down_revision = "0001"


def upgrade() -> None:
    """Keep the verdict of the check with its attempt."""
    execute_script("ALTER TABLE job_attempts ADD COLUMN verdict jsonb;")
