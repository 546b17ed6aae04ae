-- The first committed result is the recipe's result, within a batch too.
INSERT INTO cache (tenant, recipe, outputs, created_ms)
SELECT tenant, recipe, outputs::jsonb, created_ms
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS c (tenant, recipe, outputs, created_ms, ord)
ORDER BY ord
ON CONFLICT DO NOTHING
