"""Videos, their assets, and the rules of spec 1.5 that no program may break.

The transition table is written out here on purpose, not generated from the domain's: two
sources that a test compares pair by pair catch a mistake in either.
"""

from typing import Final

from reel_db.migrations import execute_script
from reel_db.outbox_schema import inbox_ddl_v1, outbox_ddl_v1

revision = "0001"
down_revision = None

TYPES: Final = """
CREATE TYPE video_status AS ENUM
    ('DRAFT', 'UPLOADING', 'UPLOADED', 'TRANSCODING', 'READY', 'FAILED');
CREATE TYPE video_asset_type AS ENUM ('HLS_MASTER', 'HLS_RENDITION', 'THUMBNAIL');
"""

VIDEOS: Final = r"""
CREATE TABLE videos (
    id                uuid PRIMARY KEY,
    owner_id          uuid NOT NULL,
    title             text NOT NULL
        CHECK (title = btrim(title) AND char_length(title) BETWEEN 1 AND 200),
    description       text CHECK (char_length(description) <= 5000),
    source_file_key   text,
    source_size_bytes bigint NOT NULL CHECK (source_size_bytes BETWEEN 1 AND 1610612736),
    source_mime       text NOT NULL CHECK (source_mime IN (
        'video/quicktime', 'video/mp4', 'video/3gpp', 'video/x-msvideo', 'video/avi',
        'video/msvideo', 'video/x-ms-wmv')),
    duration_seconds  numeric CHECK (duration_seconds > 0),
    width             int CHECK (width > 0),
    height            int CHECK (height > 0),
    status            video_status NOT NULL DEFAULT 'DRAFT',
    fail_reason       text CHECK (fail_reason ~ '^[A-Z][A-Z0-9_]{0,63}$'),
    upload_session_id uuid,
    job_id            uuid,
    version           bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    deleted_at        timestamptz,
    CONSTRAINT videos_source_is_its_own CHECK (
        source_file_key ~ ('^videos/' || id || '/source\.(mov|mp4|3gp|avi|wmv)$')),
    CONSTRAINT videos_transcoding_needs_source CHECK (
        status NOT IN ('UPLOADED', 'TRANSCODING', 'READY')
        OR (source_file_key IS NOT NULL AND job_id IS NOT NULL)),
    CONSTRAINT videos_ready_is_measured CHECK (
        status <> 'READY' OR num_nulls(duration_seconds, width, height) = 0),
    CONSTRAINT videos_failed_has_a_reason CHECK (
        (status = 'FAILED') = (fail_reason IS NOT NULL))
);
"""

ASSETS: Final = r"""
CREATE TABLE video_assets (
    id            uuid PRIMARY KEY,
    video_id      uuid NOT NULL REFERENCES videos (id),
    type          video_asset_type NOT NULL,
    quality_label text,
    bandwidth     int CHECK (bandwidth > 0),
    width         int CHECK (width > 0),
    height        int CHECK (height > 0),
    codec         text,
    container     text,
    file_key      text NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT video_assets_key_once UNIQUE (video_id, file_key),
    CONSTRAINT video_assets_key_under_hls CHECK (
        file_key ~ ('^videos/' || video_id || '/hls(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$'))
);
"""

INDEXES: Final = """
-- The two shapes of GET /api/videos: one index range each, already in page order.
CREATE INDEX videos_of_owner ON videos (owner_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX videos_of_owner_by_status ON videos (owner_id, status, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;
-- At most one of each; also the index that GET joins on.
CREATE UNIQUE INDEX video_assets_one_of_a_kind ON video_assets (video_id, type)
    INCLUDE (file_key) WHERE type IN ('HLS_MASTER', 'THUMBNAIL');
"""

BORN_DRAFT: Final = """
CREATE FUNCTION refuse_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'video % must begin as DRAFT, not %', NEW.id, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'videos_begin_as_draft';
END $$;
CREATE TRIGGER videos_begin_as_draft BEFORE INSERT ON videos
    FOR EACH ROW WHEN (NEW.status <> 'DRAFT') EXECUTE FUNCTION refuse_birth();
"""

TRANSITIONS: Final = """
CREATE FUNCTION check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) IN (
        ('DRAFT',       'UPLOADING'),
        ('UPLOADING',   'UPLOADED'),
        ('UPLOADED',    'TRANSCODING'),
        ('TRANSCODING', 'READY'),
        ('TRANSCODING', 'FAILED'),
        ('UPLOADING',   'FAILED'),
        ('FAILED',      'TRANSCODING')
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'video % may not go from % to %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'videos_transitions';
END $$;
CREATE TRIGGER videos_transitions BEFORE UPDATE OF status ON videos
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION check_transition();
"""

# Checked at commit: status and assets are written one after the other in one transaction.
READY_NEEDS_MASTER: Final = """
CREATE FUNCTION check_playable(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM videos WHERE id = wanted AND status = 'READY')
       AND NOT EXISTS (
           SELECT FROM video_assets WHERE video_id = wanted AND type = 'HLS_MASTER')
    THEN
        RAISE EXCEPTION 'video % is READY without an HLS_MASTER asset', wanted
            USING ERRCODE = 'check_violation', CONSTRAINT = 'videos_ready_needs_master';
    END IF;
END $$;
CREATE FUNCTION check_video_playable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_playable(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION check_asset_spared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_playable(OLD.video_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER videos_ready_needs_master
    AFTER UPDATE OF status ON videos DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'READY') EXECUTE FUNCTION check_video_playable();
CREATE CONSTRAINT TRIGGER video_assets_master_stays
    AFTER UPDATE OR DELETE ON video_assets DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.type = 'HLS_MASTER') EXECUTE FUNCTION check_asset_spared();
"""


def upgrade() -> None:
    """Build the schema."""
    for script in (TYPES, VIDEOS, ASSETS, INDEXES, BORN_DRAFT, TRANSITIONS, READY_NEEDS_MASTER):
        execute_script(script)
    execute_script(outbox_ddl_v1())
    execute_script(inbox_ddl_v1())
