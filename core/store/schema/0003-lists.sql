-- For the lists of the window. The first has all of a product that the selection language and the
-- columns ask for, in the order in which a machine's products are listed; "hidden" stands in it
-- because SQLite would look it up in the table otherwise.
CREATE INDEX product_row ON product (machine_id, is_addon, application_id, name, status,
                                     grace_minutes, key_kind, partial_key, edition, hidden)
  WHERE hidden = 0;
-- The failures of the last day.
CREATE INDEX item_failed ON item (updated_at) WHERE state = 'failed';
