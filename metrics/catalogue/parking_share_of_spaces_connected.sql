/*
name: parking_share_of_spaces_connected
title: {zh: 车位接入率, en: Share of parking spaces connected}
meaning:
  zh: 登记的公共停车位中所在停车场已接入的占比
  en: Registered public parking spaces whose car park is connected, valid in at least 90 percent of the hours
unit: '1'
grains: [day, window]
subjects: [district, car_park]
inputs: ['*']
terms:
  spaces: {unit: '{space}', meaning: 'open spaces, by car park'}
  valid_hours: {unit: 'h', meaning: 'hours in which every registered device of the car park was heard, by car park'}
  hours: {unit: 'h', meaning: 'hours of the window, by car park'}
formula: sum_where(spaces, valid_hours, hours, connected_share) / spaces
parameters: [connected_share, valid_hour_minutes, silence_intervals]
devices: {has: car_park}
over_time: valid hours are counted per place and compared with the hours of the window
over_devices: over the public car parks in the register at the end of the window; one without a device is not connected
coverage: online minutes over registered minutes of the devices of these car parks
source: docs/domain.md 8, connected; docs/domain.md 6, item 2.2.5.1
shape: connected
given: {kind: car_park, term: spaces, weight: 'l.spaces'}
store: {day: [district, car_park]}
decimals: 3
*/
