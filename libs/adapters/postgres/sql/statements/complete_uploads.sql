-- What was no part of what they became goes as any open object.
WITH parts AS (DELETE FROM upload_part p WHERE p.upload_id = ANY ($1::uuid[]))
DELETE FROM upload u WHERE u.upload_id = ANY ($1::uuid[])
