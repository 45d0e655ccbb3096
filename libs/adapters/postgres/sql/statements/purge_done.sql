DELETE FROM body WHERE body_id = ANY ($1::uuid[]) AND state = 3
