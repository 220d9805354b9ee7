-- One row per sample: name, type, meaning, labels, value; ordered by name.
WITH class AS (
    SELECT l.district, l.gateway, c.class, sum(c.messages) AS messages
    FROM ingest.ledger l
    CROSS JOIN LATERAL (VALUES ('stored', l.stored), ('partly_stored', l.partly_stored), ('duplicate', l.duplicate),
        ('conflict', l.conflict), ('no_measurement', l.no_measurement), ('quarantined', l.quarantined)) c (class, messages)
    WHERE l.entry = 'arrival'
    GROUP BY l.district, l.gateway, c.class
), fate AS (
    SELECT l.district, f.fate, sum(f.readings) AS readings
    FROM ingest.ledger l
    CROSS JOIN LATERAL (VALUES ('stored', l.readings_stored), ('duplicate', l.readings_duplicate),
        ('conflict', l.readings_conflict), ('not_stored', l.readings_not_stored)) f (fate, readings)
    WHERE l.entry = 'arrival'
    GROUP BY l.district, f.fate
)
SELECT name, kind, meaning, labels, value FROM (
    SELECT 'district_messages_total' AS name, 'counter' AS kind, 'Messages received, by what became of them' AS meaning,
           format('district="%s",gateway="%s",class="%s"', district, gateway, class) AS labels, messages::text AS value
    FROM class
    UNION ALL
    SELECT 'district_readings_total', 'counter', 'Readings decoded, by what became of them',
           format('district="%s",fate="%s"', district, fate), readings::text
    FROM fate
    UNION ALL
    SELECT 'district_quarantine_waiting', 'gauge', 'Messages that wait in quarantine', '', count(*)::text
    FROM ingest.quarantine q
    WHERE NOT EXISTS (SELECT FROM ingest.quarantine_outcome o WHERE o.quarantine_id = q.id)
    UNION ALL
    SELECT 'district_touched_waiting', 'gauge', 'Hours that wait to be rolled up again', '', count(*)::text
    FROM ingest.touched
    UNION ALL
    SELECT 'district_last_batch_timestamp_seconds', 'gauge', 'When the newest batch was stored', '',
           extract(epoch FROM max(stored_at))::text
    FROM ingest.batch HAVING count(*) > 0
) sample
ORDER BY name, labels
