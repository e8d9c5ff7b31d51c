"""Jobs, their attempts, what is kept of a video, outbox and inbox."""

from typing import Final

from reel_db.migrations import execute_script
from reel_db.outbox import inbox_ddl_v1, outbox_ddl_v1

revision = "0001"
down_revision = None

TABLES: Final = """
CREATE TABLE video_outputs (
  video_id     uuid        PRIMARY KEY,
  last_attempt integer     NOT NULL DEFAULT 0 CHECK (last_attempt >= 0),
  deleted_at   timestamptz,
  purge_after  timestamptz,
  purged_at    timestamptz,
  CHECK ((deleted_at IS NULL) = (purge_after IS NULL)),
  CHECK (purged_at IS NULL OR deleted_at IS NOT NULL)
);
CREATE INDEX video_outputs_to_purge ON video_outputs (purge_after)
  WHERE deleted_at IS NOT NULL AND purged_at IS NULL;

CREATE TABLE job_states (
  state    text    PRIMARY KEY,
  is_final boolean NOT NULL
);
INSERT INTO job_states VALUES
  ('QUEUED', false), ('RUNNING', false), ('SUCCEEDED', true), ('FAILED', true), ('CANCELED', true);

CREATE TABLE job_transitions (
  from_state text NOT NULL REFERENCES job_states,
  to_state   text NOT NULL REFERENCES job_states,
  PRIMARY KEY (from_state, to_state)
);
INSERT INTO job_transitions VALUES
  ('QUEUED', 'RUNNING'), ('QUEUED', 'FAILED'), ('QUEUED', 'CANCELED'),
  ('RUNNING', 'SUCCEEDED'), ('RUNNING', 'QUEUED'), ('RUNNING', 'FAILED'), ('RUNNING', 'CANCELED');

CREATE TABLE jobs (
  id                uuid        PRIMARY KEY,
  video_id          uuid        NOT NULL REFERENCES video_outputs,
  source_key        text        NOT NULL,
  source_size_bytes bigint      NOT NULL,
  source_mime       text        NOT NULL,
  qualities         text[]      NOT NULL CHECK (cardinality(qualities) > 0),
  requested_at      timestamptz NOT NULL,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL,
  not_before        timestamptz NOT NULL,
  state             text        NOT NULL REFERENCES job_states,
  attempt           integer     NOT NULL CHECK (attempt >= 0),
  failures          integer     NOT NULL CHECK (failures >= 0),
  resends           integer     NOT NULL CHECK (resends >= 0),
  lease_owner       text,
  lease_expires_at  timestamptz,
  fail_reason       text,
  CHECK ((lease_owner IS NULL) = (lease_expires_at IS NULL)),
  CHECK (state <> 'RUNNING' OR (lease_owner IS NOT NULL AND attempt > 0)),
  CHECK (state IN ('RUNNING', 'CANCELED') OR lease_owner IS NULL),
  CHECK ((state = 'FAILED') = (fail_reason IS NOT NULL))
);
CREATE INDEX jobs_video ON jobs (video_id, requested_at);
CREATE INDEX jobs_unfinished ON jobs (updated_at) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX jobs_stopping ON jobs (lease_expires_at)
  WHERE state = 'CANCELED' AND lease_expires_at IS NOT NULL;
CREATE INDEX jobs_updated ON jobs (updated_at);

CREATE FUNCTION jobs_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM job_transitions
                  WHERE from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'job % may not go from % to %', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER jobs_check_transition BEFORE UPDATE OF state ON jobs
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION jobs_check_transition();

CREATE TABLE job_attempts (
  video_id    uuid        NOT NULL REFERENCES video_outputs,
  number      integer     NOT NULL CHECK (number > 0),
  job_id      uuid        NOT NULL REFERENCES jobs,
  prefix      text        NOT NULL UNIQUE,
  owner       text        NOT NULL,
  started_at  timestamptz NOT NULL,
  state       text        NOT NULL CHECK (state IN
    ('RUNNING', 'SUCCEEDED', 'FAILED', 'LOST', 'INTERRUPTED', 'CANCELED')),
  error       text,
  ended_at    timestamptz,
  sweep_after timestamptz,
  swept_at    timestamptz,
  PRIMARY KEY (video_id, number),
  CHECK ((state = 'RUNNING') = (ended_at IS NULL)),
  CHECK (state NOT IN ('RUNNING', 'SUCCEEDED') OR swept_at IS NULL)
);
-- A job succeeds once.
CREATE UNIQUE INDEX job_attempts_winner ON job_attempts (job_id) WHERE state = 'SUCCEEDED';
CREATE INDEX job_attempts_job ON job_attempts (job_id);
CREATE INDEX job_attempts_to_sweep ON job_attempts (sweep_after)
  WHERE swept_at IS NULL AND state NOT IN ('RUNNING', 'SUCCEEDED');
"""


def upgrade() -> None:
    """Build the schema."""
    execute_script(TABLES)
    execute_script(outbox_ddl_v1())
    execute_script(inbox_ddl_v1())
