-- Coverage of the devices of an item by clock hour: a device counts with its best covered datastream, a silent one as 0.
-- Grain: hour; `covered` adds up shares of an hour, 0 to number of devices.
SELECT best.hour, sum(best.covered_us) / 3600000000 AS covered
FROM (
    SELECT s.device, h.hour, max(h.covered_us) AS covered_us
    FROM ingest.datastream s
    JOIN metrics.hour h ON h.datastream_id = s.id
    WHERE s.district = %(district)s AND s.device = ANY (%(devices)s) AND h.hour >= %(start)s AND h.hour < %(end)s
    GROUP BY s.device, h.hour
) best
GROUP BY best.hour
