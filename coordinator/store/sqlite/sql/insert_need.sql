INSERT INTO task_needs (job, n, needs) VALUES (?1, ?2, ?3)
