/*
name: taxi_stop_pickups_per_day
title: {zh: 出租车候客点日均上客次数, en: Pick-ups at taxi stops a day}
meaning:
  zh: 窗口内的总量除以当地日数
  en: Amount within the window over its local days
unit: '{pickup}'
grains: [day, window]
subjects: [district]
inputs: [traffic.pickups]
terms:
  pickups: {unit: '{pickup}', meaning: 'amount of the primary view of traffic.pickups'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: pickups / days
devices: {feed: traffic, role: taxi_stop}
over_time: amounts are added up; the quotient is taken once
over_devices: added up over the registered devices
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 7, item 1.5.2.1
shape: amount_per_day
given: {flow: traffic.pickups, term: pickups}
decimals: 1
*/
