/*
name: wifi_guest_login_days
title: {zh: 有访客登录的日数占比, en: Share of days with a guest log-in}
meaning:
  zh: 窗口内有使用记录的当地日占比
  en: Local days with at least one use, over the local days of the window
unit: '1'
grains: [day, window]
subjects: [district]
inputs: [wifi.logins]
terms:
  used_days: {unit: 'd', meaning: 'local days on which wifi.logins was above zero'}
  days: {unit: 'd', meaning: 'local days of the window'}
formula: used_days / days
devices: {feed: wifi}
over_time: local days are counted
over_devices: a day counts once, whichever device was used
coverage: time covered by the registered devices that supply the flow
source: docs/domain.md 6, item 2.2.1.1
shape: used_days
given: {flow: wifi.logins}
decimals: 3
*/
