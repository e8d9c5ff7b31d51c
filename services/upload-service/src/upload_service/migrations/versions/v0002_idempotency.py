"""Keys that make a POST safe to repeat.

Revision: 0002
"""

from reel_db.idempotency import idempotency_ddl_v1
from reel_db.migrations import execute_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_script(idempotency_ddl_v1())
