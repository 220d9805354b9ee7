-- Local days of the window on which a flow was above nothing.
SELECT 'district' AS subject, f.window_start, f.window_end, '' AS key, f.device, f.datastream_id, f.hour,
       f.day_us AS covered, f.expected_us AS expected, f.origins, f.backfilled,
       CASE WHEN f.amount > 0 AND row_number() OVER (PARTITION BY f.window_start, f.window_end, f.day
                                                     ORDER BY coalesce(f.amount, 0) <= 0, f.hour, f.device, f.channel) = 1
            THEN 1 ELSE 0 END AS used_days,
       NULL::int AS days
FROM flow f
WHERE f.flow = '$flow'
UNION ALL
SELECT 'district', b.window_start, b.window_end, '', NULL, NULL, b.hour, 0, 0, NULL, 0, NULL, 1
FROM bucket b WHERE b.first_of_day
