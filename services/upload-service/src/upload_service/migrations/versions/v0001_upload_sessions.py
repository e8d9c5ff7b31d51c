"""upload_sessions, outbox and inbox.

Revision: 0001
"""

from reel_db.migrations import execute_script
from reel_db.outbox_schema import inbox_ddl_v1, outbox_ddl_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPLOAD_SESSIONS = """
CREATE TYPE upload_provider AS ENUM ('S3_MULTIPART', 'TUS');
CREATE TYPE upload_status AS ENUM
  ('INITIATED', 'IN_PROGRESS', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELED');

-- video_id has no foreign key: videos belong to video-service, in a schema this role cannot see.
CREATE TABLE upload_sessions (
  id                   uuid            PRIMARY KEY,
  video_id             uuid            NOT NULL,
  owner_id             uuid            NOT NULL,
  provider             upload_provider NOT NULL,
  provider_upload_id   text,
  status               upload_status   NOT NULL,
  bytes_uploaded       bigint          NOT NULL DEFAULT 0 CHECK (bytes_uploaded >= 0),
  source_mime          text            NOT NULL,
  source_size_bytes    bigint          NOT NULL CHECK (source_size_bytes > 0),
  part_size_bytes      bigint          NOT NULL CHECK (part_size_bytes > 0),
  fail_reason          text,
  created_at           timestamptz     NOT NULL,
  updated_at           timestamptz     NOT NULL,
  completing_at        timestamptz,
  announced_at         timestamptz,
  video_deleted_at     timestamptz,
  provider_settled_at  timestamptz,
  settle_claimed_until timestamptz,
  CHECK ((status = 'FAILED') = (fail_reason IS NOT NULL)),
  CHECK (status <> 'COMPLETED' OR bytes_uploaded = source_size_bytes),
  CHECK (status <> 'COMPLETED' OR provider_upload_id IS NOT NULL)
);

-- A reservation (no provider_upload_id yet) bars its own owner only: before video-service has
-- confirmed who owns the video, a stranger's request must not keep the owner out.
CREATE UNIQUE INDEX upload_sessions_one_live_per_owner ON upload_sessions (video_id, owner_id)
  WHERE status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED');
CREATE UNIQUE INDEX upload_sessions_one_live_per_video ON upload_sessions (video_id)
  WHERE status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED') AND provider_upload_id IS NOT NULL;
CREATE UNIQUE INDEX upload_sessions_one_completed_per_video ON upload_sessions (video_id)
  WHERE status = 'COMPLETED';
CREATE INDEX upload_sessions_of_video ON upload_sessions (video_id, created_at);
CREATE INDEX upload_sessions_untouched ON upload_sessions (updated_at)
  WHERE status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED');
CREATE INDEX upload_sessions_unannounced ON upload_sessions (updated_at)
  WHERE status = 'FAILED' AND announced_at IS NULL;
CREATE INDEX upload_sessions_unsettled ON upload_sessions (updated_at)
  WHERE provider_settled_at IS NULL AND status IN ('COMPLETED', 'FAILED', 'CANCELED');

-- The table of transitions once more, for every writer there may ever be.
CREATE FUNCTION upload_sessions_guard_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'INITIATED' THEN
      RAISE EXCEPTION 'an upload session begins as INITIATED, not %', NEW.status
        USING ERRCODE = 'check_violation';
    END IF;
  ELSIF (OLD.status::text, NEW.status::text) NOT IN (
      ('INITIATED', 'IN_PROGRESS'),
      ('IN_PROGRESS', 'PAUSED'), ('IN_PROGRESS', 'COMPLETED'),
      ('IN_PROGRESS', 'FAILED'), ('IN_PROGRESS', 'CANCELED'),
      ('PAUSED', 'IN_PROGRESS'), ('PAUSED', 'CANCELED')) THEN
    RAISE EXCEPTION 'upload session % cannot go from % to %', OLD.id, OLD.status, NEW.status
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER upload_sessions_begin BEFORE INSERT ON upload_sessions
  FOR EACH ROW EXECUTE FUNCTION upload_sessions_guard_status();
CREATE TRIGGER upload_sessions_change BEFORE UPDATE ON upload_sessions
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION upload_sessions_guard_status();
"""


def upgrade() -> None:
    execute_script(UPLOAD_SESSIONS + outbox_ddl_v1() + inbox_ddl_v1())
