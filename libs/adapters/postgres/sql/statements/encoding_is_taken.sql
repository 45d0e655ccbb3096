SELECT EXISTS (SELECT FROM swept WHERE encoding_id = $1::uuid) OR EXISTS (SELECT FROM retired WHERE encoding_id = $1::uuid)
    OR EXISTS (SELECT FROM body WHERE pg = pg_of($1::uuid) AND encoding_id = $1::uuid)
