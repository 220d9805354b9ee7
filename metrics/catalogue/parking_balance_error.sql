/*
name: parking_balance_error
title: {zh: 停车进出平衡误差, en: Parking balance error}
meaning:
  zh: 进出车辆数之差的绝对值占入场车辆数的比例；无车入场时没有值
  en: Difference of vehicles in and out over vehicles in; no value where none came in
unit: '1'
grains: [day, window]
subjects: [district, car_park]
inputs: [parking.in, parking.out]
terms:
  entries: {unit: '{vehicle}', meaning: 'vehicles that drove in'}
  exits: {unit: '{vehicle}', meaning: 'vehicles that drove out'}
formula: abs(entries - exits) / entries
devices: {has: car_park}
over_time: entries and exits are added up over the window, a local day as a rule
over_devices: added up over the gates of a car park, over public car parks for the district
coverage: time covered by the counts of the registered gates
source: docs/domain.md 3, balance error; docs/domain.md 8
shape: balance_error
given: {passing: vehicles}
store: {day: [district, car_park]}
decimals: 4
*/
