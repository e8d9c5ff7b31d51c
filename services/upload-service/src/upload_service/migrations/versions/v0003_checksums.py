"""What tells whether an object in the store is the one that was meant.

Revision: 0003
"""

from reel_db.migrations import execute_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHECKSUMS = """
ALTER TABLE upload_sessions
  ADD COLUMN checksum_algorithm text
    CHECK (checksum_algorithm IN ('CRC32C', 'CRC64NVME', 'SHA256')),
  ADD COLUMN expected_etag text,
  ADD COLUMN source_checksum text,
  ADD COLUMN source_etag text;

-- For which checksum the last URL of a part was signed; gone when the session is settled.
CREATE TABLE upload_part_checksums (
  session_id  uuid NOT NULL REFERENCES upload_sessions (id) ON DELETE CASCADE,
  part_number int  NOT NULL CHECK (part_number BETWEEN 1 AND 10000),
  checksum    text NOT NULL,
  PRIMARY KEY (session_id, part_number)
);

-- Completions that never ended, uploads in the store that nobody knows, and an owner's share.
CREATE INDEX upload_sessions_interrupted ON upload_sessions (completing_at)
  WHERE status IN ('IN_PROGRESS', 'PAUSED') AND completing_at IS NOT NULL;
CREATE INDEX upload_sessions_provider_upload ON upload_sessions (provider_upload_id);
CREATE INDEX upload_sessions_live_of_owner ON upload_sessions (owner_id)
  INCLUDE (source_size_bytes) WHERE status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED');
"""


def upgrade() -> None:
    execute_script(CHECKSUMS)
