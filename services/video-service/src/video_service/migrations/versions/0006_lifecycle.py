"""How long a video has been where it is, what was deleted of it, and who is told of changes."""

from typing import Final

from reel_db.migrations import execute_script

revision = "0006"
down_revision = "0005"

# By trigger, from the writer's own clock: no writer, of this release or another, can forget it.
STATUS_SINCE: Final = """
ALTER TABLE videos ADD COLUMN status_since timestamptz;
UPDATE videos SET status_since = updated_at;
ALTER TABLE videos ALTER COLUMN status_since SET NOT NULL;
CREATE FUNCTION note_status_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.status_since := NEW.updated_at;
    RETURN NEW;
END $$;
CREATE TRIGGER videos_status_begins BEFORE INSERT ON videos
    FOR EACH ROW EXECUTE FUNCTION note_status_since();
CREATE TRIGGER videos_status_since BEFORE UPDATE ON videos
    FOR EACH ROW WHEN ((OLD.status, OLD.upload_session_id, OLD.job_id)
                       IS DISTINCT FROM (NEW.status, NEW.upload_session_id, NEW.job_id))
    EXECUTE FUNCTION note_status_since();
-- Work lists: their size is what is under way, or frozen, not the history.
CREATE INDEX videos_unfinished ON videos (status, status_since)
    WHERE deleted_at IS NULL AND status IN ('DRAFT', 'UPLOADING', 'UPLOADED', 'TRANSCODING');
CREATE INDEX videos_frozen ON videos (status_since)
    WHERE deleted_at IS NULL AND status = 'FAILED' AND fail_reason = 'ROLLBACK';
CREATE INDEX outbox_of_key ON outbox (key);
"""

# One row at most a video; it counts for the job it names.
REMINDERS: Final = """
CREATE TABLE transcode_reminders (
    video_id uuid PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
    job_id   uuid NOT NULL,
    asked_at timestamptz NOT NULL
);
"""

# No foreign keys: a receipt outlives the rows it tells of.
RECEIPTS: Final = """
CREATE TYPE deletion_reason AS ENUM ('OWNER', 'DRAFT_EXPIRED');
CREATE TYPE purged_part AS ENUM ('SOURCE', 'HLS', 'CDN', 'ROWS');
CREATE TABLE purge_receipts (
    video_id   uuid PRIMARY KEY,
    owner_id   uuid NOT NULL,
    status     video_status NOT NULL,
    reason     deletion_reason NOT NULL,
    deleted_at timestamptz NOT NULL,
    closed_at  timestamptz
);
CREATE INDEX purge_receipts_open ON purge_receipts (deleted_at) WHERE closed_at IS NULL;
CREATE TABLE purge_lines (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id   uuid NOT NULL REFERENCES purge_receipts (video_id),
    part       purged_part NOT NULL,
    objects    bigint NOT NULL CHECK (objects >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    is_last    boolean NOT NULL,
    reference  text NOT NULL,
    purged_at  timestamptz NOT NULL,
    CONSTRAINT purge_lines_once UNIQUE (video_id, part, reference)
);
-- Nobody will tell of what was purged before; such receipts are closed, and without lines.
INSERT INTO purge_receipts (video_id, owner_id, status, reason, deleted_at, closed_at)
    SELECT id, owner_id, status, 'OWNER', deleted_at, now()
      FROM videos WHERE deleted_at IS NOT NULL;
"""

# A channel of its own: the release before reads ids alone on `<schema>_changes`, and runs on this
# schema, too, so that one goes on being told there.
MOVES: Final = """
CREATE FUNCTION announce_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '_moves', NEW.id || ' ' || NEW.owner_id);
    RETURN NULL;
END $$;
CREATE TRIGGER videos_begin_move AFTER INSERT ON videos
    FOR EACH ROW EXECUTE FUNCTION announce_move();
CREATE TRIGGER videos_move AFTER UPDATE ON videos
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION announce_move();
CREATE FUNCTION announce_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '_moves', v.id || ' ' || v.owner_id)
       FROM videos v WHERE v.id = NEW.video_id;
    RETURN NULL;
END $$;
CREATE TRIGGER transcode_progress_move AFTER INSERT OR UPDATE ON transcode_progress
    FOR EACH ROW EXECUTE FUNCTION announce_progress();
CREATE INDEX videos_of_owner_moved ON videos (owner_id, updated_at);
"""


def upgrade() -> None:
    """Add what the reapers, the purge receipts and the owner's stream of events read."""
    for script in (STATUS_SINCE, REMINDERS, RECEIPTS, MOVES):
        execute_script(script)
