-- Version 1. Everything here is read from record files and the notes beside them; nothing is kept here alone.
CREATE TABLE machines (
    key TEXT PRIMARY KEY,
    facts TEXT NOT NULL -- a JSON object
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    path TEXT NOT NULL, -- relative to the folder of this database, where both lie on one drive
    sha256 TEXT NOT NULL,
    started_at TEXT NOT NULL, -- RFC 3339, UTC
    finished_at TEXT NOT NULL,
    interrupted INTEGER NOT NULL,
    suite TEXT NOT NULL,
    tool TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES machines (key),
    commit_id TEXT,
    branch TEXT,
    release TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE cells (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    cell TEXT NOT NULL, -- task/variant/backend/settings
    id TEXT NOT NULL, -- the same as a JSON object
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    runtime TEXT, -- name and version
    model_sha256 TEXT,
    PRIMARY KEY (run, cell)
) STRICT, WITHOUT ROWID;

CREATE TABLE figures (
    run TEXT NOT NULL,
    cell TEXT NOT NULL,
    metric TEXT NOT NULL,
    value REAL NOT NULL, -- in the metric's unit
    low REAL, -- the interval of one run's figure, where its record has one
    high REAL,
    confidence REAL,
    conditions TEXT NOT NULL, -- the data an accuracy is of
    PRIMARY KEY (run, cell, metric),
    FOREIGN KEY (run, cell) REFERENCES cells (run, cell) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_time ON runs (started_at, id);
CREATE INDEX figures_by_metric ON figures (metric, cell, run);
