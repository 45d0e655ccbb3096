-- Bodies whose fragments are to be deleted, whoever marked them.
SELECT body_id, encoding_id, n FROM body WHERE state = 3 ORDER BY body_id LIMIT $1::int8
