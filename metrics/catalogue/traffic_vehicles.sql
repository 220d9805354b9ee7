/*
name: traffic_vehicles
title: {zh: 断面车流量, en: Vehicles on the road}
meaning:
  zh: 窗口内的总量
  en: Amount within the window
unit: '{vehicle}'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [traffic.count]
terms:
  vehicles: {unit: '{vehicle}', meaning: 'amount of the primary view of traffic.count'}
formula: vehicles
devices: {feed: traffic}
over_time: added up
over_devices: added up over the devices of a space and the spaces in it
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 6, item 2.2.2.1
shape: amount
given: {flow: traffic.count, term: vehicles}
store: {day: [district]}
decimals: 0
*/
