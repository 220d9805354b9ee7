-- Who holds the lock of a session: application name, address, and since when it is connected [UTC].
SELECT a.application_name, coalesce(host(a.client_addr), 'a local socket'), a.backend_start AT TIME ZONE 'UTC'
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::int8 << 32 | l.objid::int8) = hashtextextended(%(name)s, 0)
