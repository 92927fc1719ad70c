-- The lists of the window again, so that what they scan is small and stands in their order. "hidden"
-- comes first: an equality there is a place to start from, not something to ask of each row.
DROP INDEX product_row;
CREATE INDEX product_row ON product (hidden, machine_id, is_addon, application_id, name, status,
                                     grace_minutes, key_kind, partial_key, edition);
-- Also finds machines by name. The id makes the order of equal names that of the list.
DROP INDEX machine_name;
CREATE INDEX machine_row ON machine (name, id, domain, address, read_at, last_ok, last_result);
-- The failed ones are few.
CREATE INDEX machine_failed ON machine (id) WHERE last_ok = 0;
-- What activations by proxy are counted by.
CREATE INDEX product_kind ON product (hidden, key_kind, status);
