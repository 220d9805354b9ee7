/*
name: parking_share_of_car_parks_connected
title: {zh: 停车场接入率, en: Share of car parks connected}
meaning:
  zh: 登记的公共停车场中已接入的占比；接入指至少 90 % 的小时有效
  en: Registered public car parks that are connected, valid in at least 90 percent of the hours
unit: '1'
grains: [day, window]
subjects: [district, car_park]
inputs: ['*']
terms:
  car_parks: {unit: '{car_park}', meaning: 'one per car park, by car park'}
  valid_hours: {unit: 'h', meaning: 'hours in which every registered device of the car park was heard, by car park'}
  hours: {unit: 'h', meaning: 'hours of the window, by car park'}
formula: sum_where(car_parks, valid_hours, hours, connected_share) / car_parks
parameters: [connected_share, valid_hour_minutes, silence_intervals]
devices: {has: car_park}
over_time: valid hours are counted per place and compared with the hours of the window
over_devices: over the public car parks in the register at the end of the window; one without a device is not connected
coverage: online minutes over registered minutes of the devices of these car parks
source: docs/domain.md 8, connected; docs/domain.md 6, item 2.2.5.1
shape: connected
given: {kind: car_park, term: car_parks, weight: '1'}
store: {day: [district, car_park]}
decimals: 3
*/
