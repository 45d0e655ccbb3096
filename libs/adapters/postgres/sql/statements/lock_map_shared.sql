-- No change of membership until this transaction has ended.
SELECT version FROM cluster_map FOR SHARE
