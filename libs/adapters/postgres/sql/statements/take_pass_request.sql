DELETE FROM collector_request RETURNING 1
