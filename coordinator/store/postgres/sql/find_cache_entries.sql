SELECT i.ord, c.outputs FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (tenant, recipe, ord)
JOIN cache c ON c.tenant = i.tenant AND c.recipe = i.recipe
