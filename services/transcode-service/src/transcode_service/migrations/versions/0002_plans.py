"""Every attempt keeps the plan it made of the film."""

from reel_db.migrations import execute_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; attempts that were rejected before they had a plan have none."""
    execute_script("ALTER TABLE job_attempts ADD COLUMN plan jsonb")
