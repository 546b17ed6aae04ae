WITH task AS (
    SELECT * FROM unnest($2::int[], $3::smallint[], $4::text[], $5::int[], $6::smallint[], $7::int[], $8::text[], $9::text[],
                         $10::boolean[], $11::text[], $12::text[])
        AS t (n, kind, stem, variation, state, waiting, fingerprint, spec_json, cached, needs, outputs)
), spec AS (
    INSERT INTO task_specs (job, n, kind, stem, variation, spec_json)
    SELECT $1, n, kind, stem, variation, spec_json FROM task
)
INSERT INTO tasks (job, n, state, waiting, fingerprint, cached, needs, outputs)
SELECT $1, n, state, waiting, fingerprint, cached, needs::int[], outputs::jsonb FROM task
