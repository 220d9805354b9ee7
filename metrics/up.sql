-- one row per window, hour and device in service: when it is in order, in all and while its space is open. A device that
-- never reports such a state is in order while it is heard from. An hour that is open in part counts by whole minutes.
SELECT u.*,
       CASE bit_count(u.open_minutes) WHEN 60 THEN u.up_us ELSE bit_count(u.minutes & u.open_minutes) * 60000000::numeric END AS open_up_us,
       CASE WHEN u.expected_us = 0 THEN 0 ELSE bit_count(u.open_minutes) * 60000000::numeric END AS open_us
FROM (
    SELECT p.*, coalesce(o.minutes, repeat('1', 60)::bit(60)) AS open_minutes,
           CASE WHEN p.expected_us = 0 THEN repeat('0', 60)::bit(60) WHEN k.device IS NULL THEN p.online
                WHEN i.told = i.said THEN i.minutes::bit(60) ELSE repeat('0', 60)::bit(60) END AS minutes,
           CASE WHEN p.expected_us = 0 THEN 0 WHEN k.device IS NULL THEN p.online_minutes * 60000000::numeric
                WHEN i.told = i.said THEN i.up_us ELSE 0 END AS up_us
    FROM presence p
    LEFT JOIN (SELECT DISTINCT d.device FROM ingest.datastream d
               WHERE d.district = %(district)s AND d.channel = ''
                 AND d.quantity IN ('device.online', 'video.stream_ok', 'charger.state')) k ON k.device = p.device
    LEFT JOIN in_order i ON i.device = p.device AND i.hour = p.hour
    LEFT JOIN open_hour o ON o.window_start = p.window_start AND o.window_end = p.window_end
                         AND o.space = p.space AND o.hour = p.hour
) u
