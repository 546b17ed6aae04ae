-- A month is long enough to tell somebody that a token is too old.
DELETE FROM invitations WHERE expires < clock_timestamp() - interval '30 days'
