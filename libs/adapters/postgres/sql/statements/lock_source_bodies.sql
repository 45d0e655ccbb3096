-- I18: a purge locks FOR UPDATE before it looks for references.
SELECT b.body_id
FROM unnest($1::uuid[]) u(body_id) JOIN body b ON b.body_id = u.body_id
ORDER BY b.body_id
FOR KEY SHARE OF b SKIP LOCKED
