INSERT INTO body (body_id, bucket, key_epoch, header, ct_root, wrapped_dek, scheme, k, n, encoding_id, missing, inline_ct)
SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::bytea[], $5::bytea[], $6::bytea[], $7::int2[], $8::int2[],
                     $9::int2[], $10::uuid[], $11::int8[], $12::bytea[])
