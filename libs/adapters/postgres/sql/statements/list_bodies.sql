SELECT b.body_id, b.key_epoch, b.header, b.ct_root, b.wrapped_dek, b.scheme, b.k, b.n, b.encoding_id, b.missing, b.inline_ct
FROM body b WHERE b.body_id = ANY ($1::uuid[])
