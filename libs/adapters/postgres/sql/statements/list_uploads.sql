-- Behind the upload $4 of the name $3; NULL: behind all of them.
SELECT u.upload_id, u.name, u.meta FROM upload u
WHERE u.bucket = $1::int4 AND u.name >= $2::text AND u.name < $2::text || repeat(chr(1114111), 257) AND u.name >= $3::text
  AND (u.name > $3::text OR u.upload_id > $4::uuid)
ORDER BY u.name, u.upload_id LIMIT $5::int8
