/*
name: guest_logins_per_day
title: {zh: 日均访客登录次数, en: Guest log-ins a day}
meaning:
  zh: 窗口内的总量除以当地日数
  en: Amount within the window over its local days
unit: '{login}'
grains: [day, window]
subjects: [district]
inputs: [wifi.logins]
terms:
  logins: {unit: '{login}', meaning: 'amount of the primary view of wifi.logins'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: logins / days
devices: {feed: wifi}
over_time: amounts are added up; the quotient is taken once
over_devices: added up over the registered devices
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 7, item 2.3.1.2
shape: amount_per_day
given: {flow: wifi.logins, term: logins}
decimals: 1
*/
