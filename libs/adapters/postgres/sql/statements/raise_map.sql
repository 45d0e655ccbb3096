UPDATE cluster_map SET version = version + 1
