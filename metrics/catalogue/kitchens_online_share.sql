/*
name: kitchens_online_share
title: {zh: 阳光厨房在线占比, en: Share of takeaway kitchens online}
meaning:
  zh: 登记的外卖厨房中摄像机在开放时间内在线至少 95% 的占比；没有摄像机的计为不在线
  en: Registered takeaway kitchens whose camera is in order for at least kitchen_camera_share of the opening hours; one without a camera is not
unit: '1'
grains: [window]
subjects: [district]
inputs: [device.online, video.stream_ok, '*']
terms:
  kitchens: {unit: '{kitchen}', meaning: 'one per takeaway kitchen, by kitchen'}
  online_us: {unit: 'us', meaning: 'microseconds in order while open, by kitchen'}
  open_us: {unit: 'us', meaning: 'microseconds open, by kitchen'}
formula: sum_where(kitchens, online_us, open_us, kitchen_camera_share) / kitchens
parameters: [kitchen_camera_share, silence_intervals]
devices: {feed: video, role: kitchen}
covered_by: devices
over_time: time is added up per kitchen and compared with its opening hours
over_devices: over the takeaway kitchens in the register at the end of the window
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.6.7.1 (source 14)
decimals: 3
*/
SELECT 'district' AS subject, s.window_start, s.window_end, k.id AS key, u.device, u.hour,
       CASE WHEN row_number() OVER (PARTITION BY s.window_start, s.window_end, k.id ORDER BY u.hour) = 1 THEN 1 ELSE 0 END AS kitchens,
       u.open_up_us AS online_us, coalesce(u.open_us, 1) AS open_us
FROM span s
JOIN ingest.facts(%(district)s, 'kitchen', %(revision)s) k ON k.valid_from < s.window_end AND s.window_end <= k.valid_to
LEFT JOIN up u ON u.window_start = s.window_start AND u.window_end = s.window_end AND u.device = k.body->>'device'
WHERE (k.body->>'takeaway')::boolean
