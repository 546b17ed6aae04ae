-- Terms go back to the table meta.
INSERT INTO meta (key, value) SELECT 'term', CAST(term AS TEXT) FROM leader WHERE term > 0;
DROP TABLE leader;
