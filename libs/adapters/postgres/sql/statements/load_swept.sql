SELECT w.encoding_id FROM unnest($1::uuid[]) u(encoding_id) JOIN swept w ON w.encoding_id = u.encoding_id
