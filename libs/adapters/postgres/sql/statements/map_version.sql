SELECT version FROM cluster_map
