/*
name: parking_out
title: {zh: 停车出场车辆数, en: Vehicles out}
meaning:
  zh: 窗口内驶出停车场的车辆数
  en: Vehicles that drove out during the window
unit: '{vehicle}'
grains: [hour, day, window]
subjects: [district, car_park, device]
inputs: [parking.out]
terms:
  vehicles: {unit: '{vehicle}', meaning: 'amount of the primary view of parking.out'}
formula: vehicles
devices: {has: car_park}
over_time: added up
over_devices: added up over the gates of a car park, over public car parks for the district
coverage: time covered by the counts of the registered gates
source: docs/domain.md 6, item 2.2.5.2
shape: crossings
given: {passing: vehicles, way: exits, term: vehicles}
store: {hour: [district, car_park], day: [district, car_park]}
decimals: 0
*/
