/*
name: wifi_logins
title: {zh: 访客登录次数, en: Guest log-ins}
meaning:
  zh: 窗口内的总量
  en: Amount within the window
unit: '{login}'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [wifi.logins]
terms:
  logins: {unit: '{login}', meaning: 'amount of the primary view of wifi.logins'}
formula: logins
devices: {feed: wifi}
over_time: added up
over_devices: added up over the devices of a space and the spaces in it
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 6, item 2.2.1.1
shape: amount
given: {flow: wifi.logins, term: logins}
store: {day: [district]}
decimals: 0
*/
