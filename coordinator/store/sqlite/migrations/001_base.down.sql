-- Back to an empty database.
DROP TABLE blobs;
DROP TABLE cache;
DROP TABLE failures;
DROP TABLE artifacts;
DROP TABLE task_needs;
DROP TABLE tasks;
DROP TABLE jobs;
DROP TABLE identities;
DROP TABLE meta;
