INSERT INTO tasks (job, n, kind, stem, variation, state, waiting, fingerprint, spec_json, cached)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
