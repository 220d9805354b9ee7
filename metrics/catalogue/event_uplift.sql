/*
name: event_uplift
title: {zh: 活动日客流提升, en: Uplift of event days}
meaning:
  zh: 活动日与窗口内相同星期的普通日客流之比减一；每个活动日与每个同星期的普通日相比
  en: Footfall of event days against every ordinary day of the same weekday of the window, less one
unit: '1'
grains: [window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  event_people: {unit: '{people}', meaning: 'entries on event and promotion days, by weekday'}
  event_days: {unit: 'd', meaning: 'such days, by weekday'}
  usual_people: {unit: '{people}', meaning: 'entries on days that the calendar does not name, by weekday'}
  usual_days: {unit: 'd', meaning: 'such days, by weekday'}
formula: (sum_product(event_people, usual_days) - sum_product(usual_people, event_days)) / sum_product(usual_people, event_days)
devices: {has: entrance}
over_time: local days are compared pair by pair
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 7, item 2.1.2.1; pairing is our choice
decimals: 3
*/
SELECT x.subject, x.window_start, x.window_end, extract(isodow FROM x.day)::text AS key, x.device, x.datastream_id, x.hour,
       x.day_us AS covered, x.expected_us AS expected, x.origins, x.backfilled,
       CASE WHEN s.types && ARRAY['event', 'promotion'] THEN x.entries END AS event_people, NULL::int AS event_days,
       CASE WHEN s.day IS NULL THEN x.entries END AS usual_people, NULL::int AS usual_days
FROM crossing x LEFT JOIN special_day s ON s.day = x.day
WHERE x.passing = 'people'
UNION ALL
SELECT y.subject, b.window_start, b.window_end, extract(isodow FROM b.day)::text, NULL, NULL, b.hour, 0, 0, NULL, 0,
       NULL, CASE WHEN s.types && ARRAY['event', 'promotion'] THEN 1 END, NULL, CASE WHEN s.day IS NULL THEN 1 END
FROM bucket b
JOIN (SELECT DISTINCT z.window_start, z.window_end, z.subject FROM boundary z) y ON y.window_start = b.window_start AND y.window_end = b.window_end
LEFT JOIN special_day s ON s.day = b.day
WHERE b.first_of_day
