INSERT INTO failures (job, n, epoch, worker, fault, code, field, message, hint) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
