/*
name: parking_balanced_days
title: {zh: 停车进出平衡日占比, en: Share of balanced parking days}
meaning:
  zh: 进出平衡误差不超过 5% 的日数占有效日数的比例
  en: Valid days with a balance error of at most 5 %, over valid days
unit: '1'
grains: [window]
subjects: [district, car_park]
inputs: [parking.in, parking.out]
terms:
  balanced_days: {unit: 'd', meaning: 'valid local days whose balance error is at most balance_limit'}
  valid_days: {unit: 'd', meaning: 'local days with an entry, on which every registered counter has at least valid_day_hours valid hours'}
formula: balanced_days / valid_days
parameters: [balance_limit, valid_hour_minutes, valid_day_hours]
devices: {has: car_park}
over_time: local days are counted
over_devices: a day is balanced over all counters together, and valid when each of them is
coverage: time covered by the counts of the registered counters
source: docs/domain.md 8, balance; valid day of docs/domain.md 3
shape: balanced_days
given: {passing: vehicles}
decimals: 3
*/
