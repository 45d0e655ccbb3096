-- I18: a reap locks FOR UPDATE before it looks for references.
SELECT o.object_id
FROM unnest($1::uuid[]) u(object_id) JOIN object o ON o.object_id = u.object_id
ORDER BY o.object_id
FOR KEY SHARE OF o SKIP LOCKED
