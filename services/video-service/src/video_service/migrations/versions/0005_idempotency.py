"""Keys that make a POST safe to repeat."""

from reel_db.idempotency import idempotency_ddl_v1
from reel_db.migrations import execute_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    execute_script(idempotency_ddl_v1())
