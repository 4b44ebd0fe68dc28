-- The seal of a commit stands beside its last row, so that rows and seal are one INSERT. It is
-- not part of what is hashed: it signs the hash (storage.seals).

ALTER TABLE event ADD COLUMN seal BLOB CHECK (seal IS NULL OR length(seal) = 72);
