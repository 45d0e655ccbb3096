-- Rows that this transaction inserted only to lock them.
DELETE FROM object o USING unnest($1::uuid[]) u(object_id) WHERE o.object_id = u.object_id
