-- One row: the settings and ages that `district doctor` judges. Ages in seconds, rates in messages/s over the last hour.
SELECT current_setting('server_version_num') AS server_version_num, current_setting('fsync') AS fsync,
       (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS synchronous_commit,
       current_setting('full_page_writes') AS full_page_writes,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER') THEN current_setting('data_directory', true) END AS data_directory,
       extract(epoch FROM clock_timestamp() - %(now)s::timestamptz)::float8 AS skew_s,
       (SELECT extract(epoch FROM clock_timestamp() - max(stored_at))::float8 FROM ingest.batch WHERE NOT transfer) AS last_batch_s,
       (SELECT coalesce(sum(received), 0) / 3600.0 FROM ingest.batch
        WHERE NOT transfer AND received_at > clock_timestamp() - INTERVAL '1 hour')::float8 AS rate,
       (SELECT coalesce(sum(received), 0) FROM ingest.batch
        WHERE NOT transfer AND received_at > clock_timestamp() - INTERVAL '1 minute')::float8 AS minute,
       (SELECT greatest(extract(epoch FROM clock_timestamp() - (min(b.stored_at)))::float8, 0)
        FROM ingest.touched t JOIN ingest.batch b ON b.id = t.batch_id
        WHERE t.hour < date_trunc('hour', clock_timestamp()) - INTERVAL '1 hour') AS oldest_touched_s,
       (SELECT count(*) FROM ingest.quarantine q
        WHERE NOT EXISTS (SELECT FROM ingest.quarantine_outcome o WHERE o.quarantine_id = q.id)) AS waiting,
       (SELECT count(*) FROM ingest.quarantine q
        WHERE q.kept = 'hash' AND NOT EXISTS (SELECT FROM ingest.quarantine_outcome o WHERE o.quarantine_id = q.id)) AS hashed,
       (SELECT string_agg(DISTINCT a.gateway, ', ') FROM ingest.quarantine_alarm a
        WHERE a.raised_at > clock_timestamp() - INTERVAL '1 day') AS full_gateways
