SELECT abort_upload($1::int4, $2::uuid)
