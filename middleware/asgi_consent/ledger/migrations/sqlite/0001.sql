-- One row for each record. An erasure empties all but number, commitment and hash.
CREATE TABLE consent_record (
  number INTEGER PRIMARY KEY,
  record_id TEXT UNIQUE,
  subject_id TEXT,
  event TEXT,
  time INTEGER,
  body TEXT,
  salt BLOB,
  commitment BLOB NOT NULL,
  hash BLOB NOT NULL
);
CREATE INDEX consent_record_subject ON consent_record (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX consent_record_time ON consent_record (time) WHERE time IS NOT NULL;

-- What visitors were shown, once for each hash.
CREATE TABLE consent_shown (
  hash TEXT PRIMARY KEY,
  language TEXT NOT NULL,
  document TEXT NOT NULL,
  time INTEGER NOT NULL
);

-- Where the chain begins and ends: one row.
CREATE TABLE consent_head (
  single INTEGER PRIMARY KEY CHECK (single = 1),
  ledger_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  hash BLOB NOT NULL,
  anchor_number INTEGER NOT NULL,
  anchor_hash BLOB NOT NULL,
  time INTEGER NOT NULL,
  seal BLOB NOT NULL
);
