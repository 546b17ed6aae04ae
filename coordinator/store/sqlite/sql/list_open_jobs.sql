SELECT seq FROM jobs WHERE state IN (1, 2) ORDER BY seq
