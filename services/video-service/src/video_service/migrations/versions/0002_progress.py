"""How far transcodes are: apart from `videos`, whose rows it must neither lock nor rewrite.

The tables may be emptied at any time; nothing but a percentage is lost.
"""

from typing import Final

from reel_db.migrations import execute_script

revision = "0002"
down_revision = "0001"

PROGRESS: Final = """
CREATE TYPE transcode_phase AS ENUM ('READING', 'ENCODING', 'PUBLISHING', 'VERIFYING');
CREATE SEQUENCE transcode_progress_revision;
-- Updated often, indexed by its key alone: with room in the page every update stays in it (HOT).
CREATE TABLE transcode_progress (
    video_id    uuid PRIMARY KEY REFERENCES videos (id),
    job_id      uuid NOT NULL,
    attempt     int NOT NULL CHECK (attempt > 0),
    fraction    float8 NOT NULL CHECK (fraction BETWEEN 0 AND 1),
    eta_seconds float8 CHECK (eta_seconds >= 0),
    phase       transcode_phase NOT NULL,
    revision    bigint NOT NULL DEFAULT nextval('transcode_progress_revision'),
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
ALTER SEQUENCE transcode_progress_revision OWNED BY transcode_progress.revision;
"""

ENDS_WITH_THE_TRANSCODE: Final = """
CREATE FUNCTION end_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM transcode_progress WHERE video_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER videos_progress_ends AFTER UPDATE OF status, deleted_at ON videos
    FOR EACH ROW WHEN (OLD.status = 'TRANSCODING'
                       AND (NEW.status <> 'TRANSCODING' OR NEW.deleted_at IS NOT NULL))
    EXECUTE FUNCTION end_progress();
"""


def upgrade() -> None:
    """Add the table and what empties it."""
    execute_script(PROGRESS)
    execute_script(ENDS_WITH_THE_TRANSCODE)
