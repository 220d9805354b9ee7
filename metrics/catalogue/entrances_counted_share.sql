/*
name: entrances_counted_share
title: {zh: 出入口计数覆盖率, en: Share of entrances counted}
meaning:
  zh: 登记的出入口中有客流计数器且至少 90 % 的小时有效的占比
  en: Registered entrances with a counter that was valid in at least 90 percent of the hours
unit: '1'
grains: [day, window]
subjects: [district]
inputs: ['*']
terms:
  entrances: {unit: '{entrance}', meaning: 'one per entrance, by entrance'}
  valid_hours: {unit: 'h', meaning: 'hours in which every registered device of the entrance was heard, by entrance'}
  hours: {unit: 'h', meaning: 'hours of the window, by entrance'}
formula: sum_where(entrances, valid_hours, hours, connected_share) / entrances
parameters: [connected_share, valid_hour_minutes, silence_intervals]
devices: {has: entrance}
over_time: valid hours are counted per place and compared with the hours of the window
over_devices: over the entrances in the register at the end of the window; one without a device is not connected
coverage: online minutes over registered minutes of the devices of these entrances
source: docs/domain.md 6, item 2.6.1.1; connected of docs/domain.md 8
shape: connected
given: {kind: entrance, term: entrances, weight: '1'}
store: {day: [district]}
decimals: 3
*/
