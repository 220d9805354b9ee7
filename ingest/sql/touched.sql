-- One row per clock hour that the batch's readings carry.
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT %(batch)s, to_timestamp(pair.hour * 3600), array_agg(pair.id)
FROM unnest(%(hours)s::int8[], %(ids)s::int4[]) AS pair (hour, id)
GROUP BY pair.hour
