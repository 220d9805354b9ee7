-- What went in and out of a subject.
SELECT x.subject, x.window_start, x.window_end, '' AS key, x.device, x.datastream_id, x.hour,
       x.covered_us AS covered, x.expected_us AS expected, x.origins, x.backfilled, x.shared, x.entries, x.exits
FROM crossing x
WHERE x.passing = '$passing'
