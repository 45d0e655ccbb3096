-- One change of membership at a time.
SELECT version FROM cluster_map FOR UPDATE
