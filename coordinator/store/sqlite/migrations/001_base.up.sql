-- Jobs, tasks with their epochs, outputs, recipe cache, blobs per tenant, identities.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE identities (
    public_key TEXT PRIMARY KEY,
    role       TEXT NOT NULL CHECK (role IN ('worker', 'producer', 'viewer', 'admin')),
    name       TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- state: 1 queued, 2 running, 3 done, 4 failed, 5 cancelled, 6 superseded
CREATE TABLE jobs (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant         TEXT NOT NULL,
    owner          TEXT NOT NULL,
    job_id         TEXT NOT NULL,
    kind           INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    prompt         TEXT NOT NULL,
    resolved_json  TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    created_ms     INTEGER NOT NULL,
    finished_ms    INTEGER NOT NULL DEFAULT 0,
    cached         INTEGER NOT NULL DEFAULT 0,
    error_code     INTEGER NOT NULL DEFAULT 0,
    error_field    TEXT NOT NULL DEFAULT '',
    error_message  TEXT NOT NULL DEFAULT '',
    error_hint     TEXT NOT NULL DEFAULT '',
    UNIQUE (tenant, job_id)
);
CREATE INDEX jobs_newest ON jobs (tenant, seq DESC);
CREATE INDEX jobs_open ON jobs (seq) WHERE state IN (1, 2);

-- state: 1 blocked, 2 ready, 3 leased, 4 done, 5 failed, 6 cancelled; waiting: needs that are not done
CREATE TABLE tasks (
    job         INTEGER NOT NULL REFERENCES jobs (seq),
    n           INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    stem        TEXT NOT NULL,
    variation   INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    waiting     INTEGER NOT NULL,
    epoch       INTEGER NOT NULL DEFAULT 0,
    worker      TEXT NOT NULL DEFAULT '',
    incarnation TEXT NOT NULL DEFAULT '',
    fingerprint TEXT NOT NULL DEFAULT '',
    spec_json   TEXT NOT NULL,
    cached      INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    losses      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, n)
) WITHOUT ROWID;
CREATE INDEX tasks_by_epoch ON tasks (epoch) WHERE epoch > 0;

CREATE TABLE task_needs (
    job   INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    needs INTEGER NOT NULL,
    PRIMARY KEY (job, n, needs)
) WITHOUT ROWID;

CREATE TABLE artifacts (
    job    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    role   TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size   INTEGER NOT NULL,
    PRIMARY KEY (job, n, role)
) WITHOUT ROWID;

-- Failed attempts that consumed a retry. fault: 1 task, 2 worker
CREATE TABLE failures (
    job     INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    worker  TEXT NOT NULL,
    fault   INTEGER NOT NULL,
    code    INTEGER NOT NULL,
    field   TEXT NOT NULL,
    message TEXT NOT NULL,
    hint    TEXT NOT NULL,
    PRIMARY KEY (job, n, epoch)
) WITHOUT ROWID;

CREATE TABLE cache (
    tenant     TEXT NOT NULL,
    recipe     TEXT NOT NULL,
    role       TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, recipe, role)
) WITHOUT ROWID;

CREATE TABLE blobs (
    tenant TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size   INTEGER NOT NULL,
    PRIMARY KEY (tenant, sha256)
) WITHOUT ROWID;
