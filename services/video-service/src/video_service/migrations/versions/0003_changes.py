"""Whoever follows a video is told when there is something new to read of it."""

from typing import Final

from reel_db.migrations import execute_script

revision = "0003"
down_revision = "0002"

ANNOUNCE: Final = """
CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '_changes', to_jsonb(NEW) ->> TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE TRIGGER videos_announce AFTER UPDATE ON videos
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION announce_change('id');
CREATE TRIGGER transcode_progress_announce AFTER INSERT OR UPDATE ON transcode_progress
    FOR EACH ROW EXECUTE FUNCTION announce_change('video_id');
"""


def upgrade() -> None:
    """Announce changes on the channel `<schema>_changes`; the payload is the video's id."""
    execute_script(ANNOUNCE)
