/*
name: parking_in
title: {zh: 停车入场车辆数, en: Vehicles in}
meaning:
  zh: 窗口内驶入停车场的车辆数
  en: Vehicles that drove in during the window
unit: '{vehicle}'
grains: [hour, day, window]
subjects: [district, car_park, device]
inputs: [parking.in]
terms:
  vehicles: {unit: '{vehicle}', meaning: 'amount of the primary view of parking.in'}
formula: vehicles
devices: {has: car_park}
over_time: added up
over_devices: added up over the gates of a car park, over public car parks for the district
coverage: time covered by the counts of the registered gates
source: docs/domain.md 6, item 2.2.5.2
shape: crossings
given: {passing: vehicles, way: entries, term: vehicles}
store: {hour: [district, car_park], day: [district, car_park]}
decimals: 0
*/
