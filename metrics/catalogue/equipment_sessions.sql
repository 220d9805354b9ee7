/*
name: equipment_sessions
title: {zh: 设备使用次数, en: Uses of equipment}
meaning:
  zh: 窗口内的总量
  en: Amount within the window
unit: '{session}'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [equipment.sessions]
terms:
  sessions: {unit: '{session}', meaning: 'amount of the primary view of equipment.sessions'}
formula: sessions
devices: {feed: equipment}
over_time: added up
over_devices: added up over the devices of a space and the spaces in it
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 6, item 2.2.3.1
shape: amount
given: {flow: equipment.sessions, term: sessions}
store: {day: [district]}
decimals: 0
*/
