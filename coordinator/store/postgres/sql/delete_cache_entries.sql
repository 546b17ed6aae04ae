DELETE FROM cache c USING unnest($1::text[], $2::text[]) AS i (tenant, recipe)
WHERE c.tenant = i.tenant AND c.recipe = i.recipe
