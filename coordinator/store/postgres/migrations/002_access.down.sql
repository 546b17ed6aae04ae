-- Enrolled identities stay; open invitations and the audit log go.
DROP TABLE audit;
DROP TABLE invitations;
