SELECT object_size_as_of($1::uuid, $2::int8)
