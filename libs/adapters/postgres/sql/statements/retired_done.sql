DELETE FROM retired WHERE encoding_id = ANY ($1::uuid[])
