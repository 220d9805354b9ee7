/*
name: delivery_on_time_share
title: {zh: 准时送达率, en: On-time share of deliveries}
meaning:
  zh: 在约定时间前送达的配送占比
  en: Stops handed over by the time they were due, over all stops
unit: '1'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  on_time: {unit: '{stop}', meaning: 'handed over by then'}
  stops: {unit: '{stop}', meaning: 'stops with a time due'}
formula: on_time / stops
parameters: [silence_intervals]
devices: {feed: deliveries}
covered_by: devices
over_time: events are counted
over_devices: over the registered devices
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.2.6.1
decimals: 3
*/
SELECT 'district' AS subject, h.window_start, h.window_end, '' AS key, h.device, h.hour,
       CASE WHEN h.time <= (h.attributes->>'due')::timestamptz THEN 1 ELSE 0 END AS on_time, 1 AS stops
FROM happening h WHERE h.type = 'delivery.stop' AND h.attributes ? 'due'
