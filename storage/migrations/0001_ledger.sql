-- The append-only ledger. The payload is the record and what is hashed; every other column is an
-- index that `quarterdeck ledger verify` compares with it. Guards are a seat belt against
-- accidents, not against the owner of the file: against that stand the chain, the head file and
-- (later) seals and anchors.

PRAGMA application_id = 0x51444C31;  -- "QDL1": file(1) and we know a ledger by it

CREATE TABLE migration (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  ts_us INTEGER NOT NULL CHECK (ts_us >= 0),
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  idem TEXT NOT NULL UNIQUE,
  payload BLOB NOT NULL,
  prev BLOB NOT NULL CHECK (length(prev) = 32),
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;

-- One line per event, asset and account: that triple is the line's number.
CREATE TABLE posting (
  seq INTEGER NOT NULL REFERENCES event (seq),
  asset TEXT NOT NULL,
  account TEXT NOT NULL,
  amount TEXT NOT NULL CHECK (
    length(amount) BETWEEN 1 AND 500
    AND amount NOT GLOB '*[^-.0-9]*'
    AND amount NOT GLOB '?*-*'
    AND amount NOT GLOB '*.*.*'
    AND amount GLOB '*[0-9]'
  ),
  PRIMARY KEY (seq, asset, account)
) STRICT, WITHOUT ROWID;

-- Pages are read by seq downwards, so seq follows what a filter fixes; what stands behind it can
-- be filtered and counted without looking at the rows. Each index on fills costs an append 15 %.
CREATE INDEX event_kind ON event (kind);
CREATE INDEX fill_symbol ON event (symbol, seq, side, account) WHERE kind = 'fill_booked';
CREATE INDEX fill_venue ON event (substr(account, 1, instr(account, '/') - 1), seq, side)
  WHERE kind = 'fill_booked';

-- BEFORE INSERT guards stand in front of REPLACE too: its deletions come after them.
CREATE TRIGGER event_next BEFORE INSERT ON event
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event)
  OR NEW.prev IS NOT coalesce((SELECT hash FROM event ORDER BY seq DESC LIMIT 1), zeroblob(32))
BEGIN
  SELECT RAISE(ABORT, 'ledger: not the next event');
END;

CREATE TRIGGER event_key BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE idem = NEW.idem)
BEGIN
  SELECT RAISE(ABORT, 'ledger: key exists');
END;

CREATE TRIGGER event_hash BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE hash = NEW.hash)
BEGIN
  SELECT RAISE(ABORT, 'ledger: hash exists');
END;

CREATE TRIGGER event_unchanged BEFORE UPDATE ON event
BEGIN
  SELECT RAISE(ABORT, 'ledger: events are never changed');
END;

CREATE TRIGGER event_undeleted BEFORE DELETE ON event
BEGIN
  SELECT RAISE(ABORT, 'ledger: events are never deleted');
END;

CREATE TRIGGER posting_next BEFORE INSERT ON posting
WHEN NEW.seq IS NOT (SELECT max(seq) FROM event)
  OR EXISTS (
    SELECT 1 FROM posting
    WHERE seq = NEW.seq AND asset = NEW.asset AND account = NEW.account
  )
BEGIN
  SELECT RAISE(ABORT, 'ledger: not a posting of the newest event');
END;

CREATE TRIGGER posting_unchanged BEFORE UPDATE ON posting
BEGIN
  SELECT RAISE(ABORT, 'ledger: postings are never changed');
END;

CREATE TRIGGER posting_undeleted BEFORE DELETE ON posting
BEGIN
  SELECT RAISE(ABORT, 'ledger: postings are never deleted');
END;

-- Postings come from the payload itself, so one INSERT of many rows appends a whole batch.
CREATE TRIGGER event_postings AFTER INSERT ON event
WHEN instr(NEW.payload, '"postings":')
BEGIN
  INSERT INTO posting (seq, asset, account, amount)
  SELECT NEW.seq, asset.key, line.key, line.value
  FROM json_each(CAST(NEW.payload AS TEXT), '$.postings') AS asset, json_each(asset.value) AS line;
END;
