/*
name: machine_sessions_per_day
title: {zh: 自助政务终端日均使用次数, en: Uses of service machines a day}
meaning:
  zh: 窗口内的总量除以当地日数
  en: Amount within the window over its local days
unit: '{session}'
grains: [day, window]
subjects: [district]
inputs: [equipment.sessions]
terms:
  sessions: {unit: '{session}', meaning: 'amount of the primary view of equipment.sessions'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: sessions / days
devices: {feed: equipment, role: service_machine}
over_time: amounts are added up; the quotient is taken once
over_devices: added up over the registered devices
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 7, item 2.3.2.1
shape: amount_per_day
given: {flow: equipment.sessions, term: sessions}
decimals: 1
*/
