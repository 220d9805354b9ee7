/*
name: locker_parcels_per_day
title: {zh: 智能柜日均存件数, en: Parcels put into lockers a day}
meaning:
  zh: 窗口内的总量除以当地日数
  en: Amount within the window over its local days
unit: '{parcel}'
grains: [day, window]
subjects: [district]
inputs: [locker.parcels]
terms:
  parcels: {unit: '{parcel}', meaning: 'amount of the primary view of locker.parcels'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: parcels / days
devices: {feed: equipment, role: locker}
over_time: amounts are added up; the quotient is taken once
over_devices: added up over the registered devices
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 7, item 2.1.3.1
shape: amount_per_day
given: {flow: locker.parcels, term: parcels}
decimals: 1
*/
