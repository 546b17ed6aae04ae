SELECT holder, term, greatest(0, (extract(epoch FROM until - clock_timestamp()) * 1000)::bigint) FROM leader WHERE one
