-- One row for each record. An erasure empties all but number, commitment and hash.
CREATE TABLE consent_record (
  number BIGINT PRIMARY KEY,
  record_id TEXT UNIQUE,
  subject_id TEXT,
  event TEXT,
  time BIGINT,
  body TEXT,
  salt BYTEA,
  commitment BYTEA NOT NULL,
  hash BYTEA NOT NULL
);
CREATE INDEX consent_record_subject ON consent_record (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX consent_record_time ON consent_record (time) WHERE time IS NOT NULL;

-- What visitors were shown, once for each hash.
CREATE TABLE consent_shown (
  hash TEXT PRIMARY KEY,
  language TEXT NOT NULL,
  document TEXT NOT NULL,
  time BIGINT NOT NULL
);

-- Where the chain begins and ends: one row.
CREATE TABLE consent_head (
  single SMALLINT PRIMARY KEY CHECK (single = 1),
  ledger_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  anchor_number BIGINT NOT NULL,
  anchor_hash BYTEA NOT NULL,
  time BIGINT NOT NULL,
  seal BYTEA NOT NULL
);
