-- Adds what a collector saw of the clocks of devices; one row per device and hour of arrival, in the order of the key.
INSERT INTO ingest.device_clock AS c
    (district, device, hour, collector, readings, untimed, least_s, most_s, first_time, last_time)
SELECT n.district, n.device, to_timestamp(%(hour)s * 3600), %(collector)s, n.readings, n.untimed, n.least_s, n.most_s,
       to_timestamp(n.first_us / 1e6), to_timestamp(n.last_us / 1e6)
FROM unnest(%(district)s::text[], %(device)s::text[], %(readings)s::int8[], %(untimed)s::int8[], %(least_s)s::int4[],
            %(most_s)s::int4[], %(first_us)s::int8[], %(last_us)s::int8[])
     AS n (district, device, readings, untimed, least_s, most_s, first_us, last_us)
ORDER BY n.district, n.device
ON CONFLICT (district, device, hour, collector) DO UPDATE
SET readings = c.readings + excluded.readings, untimed = c.untimed + excluded.untimed,
    least_s = least(c.least_s, excluded.least_s), most_s = greatest(c.most_s, excluded.most_s),
    first_time = least(c.first_time, excluded.first_time), last_time = greatest(c.last_time, excluded.last_time)
