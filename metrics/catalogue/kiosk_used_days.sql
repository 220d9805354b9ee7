/*
name: kiosk_used_days
title: {zh: 导览终端有使用的日数占比, en: Share of days on which a kiosk was used}
meaning:
  zh: 窗口内有使用记录的当地日占比
  en: Local days with at least one use, over the local days of the window
unit: '1'
grains: [day, window]
subjects: [district]
inputs: [equipment.sessions]
terms:
  used_days: {unit: 'd', meaning: 'local days on which equipment.sessions was above zero'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: used_days / days
devices: {feed: equipment, role: kiosk}
over_time: local days are counted
over_devices: a day counts once, whichever device was used
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 6, item 2.2.3.1
shape: used_days
given: {flow: equipment.sessions}
decimals: 3
*/
