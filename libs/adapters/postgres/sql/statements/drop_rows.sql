SELECT drop_rows($1::int4)
