INSERT INTO op (object_id, op_id, kind, hlc, wid, record, digest, origin)
SELECT u.*, (SELECT site_id FROM site_self)
FROM unnest($1::uuid[], $2::uuid[], $3::int2[], $4::int8[], $5::int8[], $6::bytea[], $7::bytea[]) u
