-- Back to an empty database.
DROP TABLE blobs;
DROP TABLE cache;
DROP TABLE failures;
DROP TABLE task_specs;
DROP VIEW all_tasks;
DROP TABLE archived_tasks;
DROP TABLE tasks;
DROP TABLE job_requests;
DROP TABLE jobs;
DROP TABLE identities;
DROP TABLE leader;
DROP TABLE meta;
