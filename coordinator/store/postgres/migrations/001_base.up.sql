-- Jobs, tasks with their epochs, recipe cache, blobs per tenant, identities, the leader.
-- Texts from outside are escaped (encoding.h). Keys compare by bytes (COLLATE "C").
CREATE TABLE meta (
    key   text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- One row: who leads. Every write of a leader updates it in its own transaction with the number of its batch, which
-- checks the term, keeps a new term from beginning meanwhile, and tells after a broken connection what was committed.
CREATE TABLE leader (
    one    boolean PRIMARY KEY CHECK (one),
    holder text NOT NULL,
    term   bigint NOT NULL,
    until  timestamptz NOT NULL,
    batch  bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO leader (one, holder, term, until, batch) VALUES (true, '', 0, 'epoch', 0);

CREATE TABLE identities (
    public_key text COLLATE "C" PRIMARY KEY,
    role       text NOT NULL CHECK (role IN ('worker', 'producer', 'viewer', 'admin')),
    name       text NOT NULL,
    tenant     text NOT NULL,
    revoked    boolean NOT NULL,
    created_ms bigint NOT NULL
);
-- Grows with each change, so that coordinators need not read all identities to see that nothing changed.
INSERT INTO meta (key, value) VALUES ('identities', '0');

-- state: 1 queued, 2 running, 3 done, 4 failed, 5 cancelled, 6 superseded; unfinished: tasks that are not done.
-- No index holds a column that changes while a job runs: such updates stay on their page (HOT).
CREATE TABLE jobs (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant        text COLLATE "C" NOT NULL,
    job_id        text COLLATE "C" NOT NULL,
    kind          smallint NOT NULL,
    state         smallint NOT NULL,
    unfinished    integer NOT NULL,
    created_ms    bigint NOT NULL,
    finished_ms   bigint NOT NULL,
    cached        boolean NOT NULL,
    archived      boolean NOT NULL DEFAULT false,
    error_code    smallint NOT NULL DEFAULT 0,
    error_field   text NOT NULL DEFAULT '',
    error_message text NOT NULL DEFAULT '',
    error_hint    text NOT NULL DEFAULT '',
    UNIQUE (job_id, tenant)
) WITH (fillfactor = 70);
CREATE INDEX jobs_newest ON jobs (tenant, seq);
CREATE INDEX jobs_at_hand ON jobs (seq) WHERE NOT archived;

-- What never changes about a job.
CREATE TABLE job_requests (
    seq            bigint PRIMARY KEY,
    owner          text NOT NULL,
    prompt         text NOT NULL,
    resolved_json  text NOT NULL,
    request_digest text NOT NULL
);

-- What changes about a task, of jobs that run or ended lately. state: 1 blocked, 2 ready, 3 leased, 4 done, 5 failed,
-- 6 cancelled; waiting: needs that are not done; outputs: [[role, sha256, size], ...]
CREATE TABLE tasks (
    job         bigint NOT NULL,
    n           integer NOT NULL,
    state       smallint NOT NULL,
    waiting     integer NOT NULL,
    epoch       bigint NOT NULL DEFAULT 0,
    attempts    integer NOT NULL DEFAULT 0,
    losses      integer NOT NULL DEFAULT 0,
    cached      boolean NOT NULL,
    worker      text NOT NULL DEFAULT '',
    incarnation text NOT NULL DEFAULT '',
    fingerprint text NOT NULL,
    needs       integer[] NOT NULL,
    outputs     jsonb NOT NULL,
    PRIMARY KEY (job, n)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX tasks_waiting ON tasks (job) WHERE waiting > 0;

-- Tasks of jobs that ended a while ago, moved here by archive_jobs: claims and results never touch this table.
CREATE TABLE archived_tasks (LIKE tasks INCLUDING DEFAULTS, PRIMARY KEY (job, n));
CREATE VIEW all_tasks AS SELECT * FROM tasks UNION ALL SELECT * FROM archived_tasks;

-- What never changes about a task.
CREATE TABLE task_specs (
    job       bigint NOT NULL,
    n         integer NOT NULL,
    kind      smallint NOT NULL,
    stem      text NOT NULL,
    variation integer NOT NULL,
    spec_json text NOT NULL,
    PRIMARY KEY (job, n)
);

-- Failed attempts that consumed a retry. fault: 1 task, 2 worker
CREATE TABLE failures (
    job     bigint NOT NULL,
    n       integer NOT NULL,
    epoch   bigint NOT NULL,
    worker  text NOT NULL,
    fault   smallint NOT NULL,
    code    smallint NOT NULL,
    field   text NOT NULL,
    message text NOT NULL,
    hint    text NOT NULL,
    PRIMARY KEY (job, n, epoch)
);

CREATE TABLE cache (
    tenant     text COLLATE "C" NOT NULL,
    recipe     text COLLATE "C" NOT NULL,
    outputs    jsonb NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (tenant, recipe)
);

CREATE TABLE blobs (
    tenant text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    size   bigint NOT NULL,
    PRIMARY KEY (tenant, sha256)
);
