-- One row per clock hour that the batch's readings carry, with its datastreams.
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT %(batch)s, to_timestamp(touched.hour * 3600), touched.streams::int4[]
FROM unnest(%(hours)s::int8[], %(streams)s::text[]) AS touched (hour, streams)
