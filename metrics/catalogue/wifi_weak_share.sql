/*
name: wifi_weak_share
title: {zh: 弱信号终端占比, en: Share of clients with a weak signal}
meaning:
  zh: 部分占整体的时间加权比例
  en: Part over whole, both weighted by time
unit: '1'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [wifi.clients_below, wifi.clients]
terms:
  part_us: {unit: 'us', meaning: 'wifi.clients_below times the microseconds it held'}
  whole_us: {unit: 'us', meaning: 'wifi.clients times the microseconds it held'}
formula: part_us / whole_us
devices: {feed: wifi}
over_time: weighted by time
over_devices: pooled over the devices
coverage: time covered by the registered devices
source: docs/domain.md 6, item 2.2.1.1; the weakest 5 % are above the threshold when at most 5 % lie at or below it
shape: share_of_gauge
given: {part: wifi.clients_below, part_channel: '', whole: wifi.clients}
decimals: 3
*/
