-- Invitations (one-time tokens, by the hash of their secret) and the audit log. Times are the database's clock.
CREATE TABLE invitations (
    secret_hash text COLLATE "C" PRIMARY KEY,
    role        text NOT NULL CHECK (role IN ('worker', 'producer', 'viewer', 'admin')),
    name        text NOT NULL,
    tenant      text NOT NULL,
    expires     timestamptz NOT NULL,
    used_by     text COLLATE "C" NOT NULL DEFAULT ''
);

CREATE TABLE audit (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    name    text NOT NULL,
    key     text NOT NULL,
    tenant  text NOT NULL,
    address text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    outcome text NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
