-- Fills are read in the order in which they happened, not in which they were told: an import, or
-- an account that is opened later, tells old ones after new ones. Behind the order stands what a
-- page can be filtered by, so that rows of others are passed without being looked at.

-- The schema may call no JSON function (trusted_schema is off). A payload has no spaces, a quote
-- within a text is escaped, and of a booked fill this field is the only one of its name.
ALTER TABLE event ADD COLUMN fill_us INTEGER GENERATED ALWAYS AS (
  CAST(substr(
    CAST(payload AS TEXT), instr(CAST(payload AS TEXT), '"at_us":') + 8, 20
  ) AS INTEGER)
) VIRTUAL;

CREATE INDEX fill_time ON event (fill_us, seq, symbol, side, account) WHERE kind = 'fill_booked';
