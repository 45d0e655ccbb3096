SELECT c.version, s.site_id, s.fence_epoch, s.default_k, s.default_m FROM cluster_map c, site_self s
