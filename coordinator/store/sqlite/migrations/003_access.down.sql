-- Enrolled identities stay; open invitations and the audit log go.
DROP TRIGGER identities_changed;
DROP TRIGGER identities_added;
DELETE FROM meta WHERE key = 'identities';
DROP TABLE audit;
DROP TABLE invitations;
