SELECT touched_rows AS value FROM dashboards.backlog
