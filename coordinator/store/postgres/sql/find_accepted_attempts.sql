-- Results that were accepted before: a repeat.
SELECT i.ord FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[]) WITH ORDINALITY AS i (job, n, epoch, worker, ord)
JOIN all_tasks t ON t.job = i.job AND t.n = i.n AND t.epoch = i.epoch AND t.worker = i.worker
WHERE t.state = 4 AND NOT t.cached
