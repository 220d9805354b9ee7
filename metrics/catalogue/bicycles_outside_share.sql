/*
name: bicycles_outside_share
title: {zh: 停车区外自行车占比, en: Share of bicycles outside the bays}
meaning:
  zh: 部分占整体的时间加权比例
  en: Part over whole, both weighted by time
unit: '1'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [bicycles.present]
terms:
  part_us: {unit: 'us', meaning: 'bicycles.present.outside times the microseconds it held'}
  whole_us: {unit: 'us', meaning: 'bicycles.present times the microseconds it held'}
formula: part_us / whole_us
devices: {feed: traffic, role: bicycles}
over_time: weighted by time
over_devices: pooled over the devices
coverage: time covered by the registered devices
source: docs/domain.md 7, item 1.5.3.1
shape: share_of_gauge
given: {part: bicycles.present, part_channel: 'outside', whole: bicycles.present}
decimals: 3
*/
