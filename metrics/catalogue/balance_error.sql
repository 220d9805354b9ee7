/*
name: balance_error
title: {zh: 进出平衡误差, en: Balance error}
meaning:
  zh: 进入与离开人数之差的绝对值占进入人数的比例；无人进入时没有值
  en: Difference of people in and out over people in; no value where nobody came in
unit: '1'
grains: [day, window]
subjects: [district, space]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'people into the space'}
  exits: {unit: '{people}', meaning: 'people out of the space'}
formula: abs(entries - exits) / entries
devices: {has: entrance}
over_time: entries and exits are added up over the window, a local day as a rule
over_devices: added up over the counters at the entrances of the space
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3, balance error; docs/domain.md 8
shape: balance_error
given: {passing: people}
store: {day: [district, space]}
decimals: 4
*/
