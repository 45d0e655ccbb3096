SELECT wait_lock_objects($1::uuid[], $2::bool[])::text
