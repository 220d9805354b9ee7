/*
name: joint_trip_share
title: {zh: 协同配送车次占比, en: Share of joint trips}
meaning:
  zh: 载有两家以上物流商包裹的车次占比
  en: Trips with parcels of two or more carriers, over all trips
unit: '1'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  joint: {unit: '{trip}', meaning: 'trips of two or more carriers'}
  trips: {unit: '{trip}', meaning: 'trips that left for the district in the window'}
formula: joint / trips
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
       CASE WHEN jsonb_array_length(h.attributes->'carriers') >= 2 THEN 1 ELSE 0 END AS joint, 1 AS trips
FROM happening h WHERE h.type = 'delivery.trip'
