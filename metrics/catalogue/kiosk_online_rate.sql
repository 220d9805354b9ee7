/*
name: kiosk_online_rate
title: {zh: 导览终端在线率（开放时间）, en: Kiosk online rate in opening hours}
meaning:
  zh: 设备报告正常的时间与应正常时间之比；不报告状态的设备按沉默超过三个上报周期为离线
  en: Time that devices report to be in order over the time they should be; one that never reports its state is offline after a silence of three intervals
unit: '1'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [device.online, '*']
terms:
  online_us: {unit: 'us', meaning: 'microseconds in which a device is in order'}
  registered_us: {unit: 'us', meaning: 'microseconds in which it should be'}
formula: online_us / registered_us
parameters: [silence_intervals]
devices: {feed: equipment, role: kiosk}
over_time: time is added up; the quotient is taken once
over_devices: pooled over the registered devices; one that never spoke is offline throughout
coverage: valid slots over expected slots of the same devices, in hours of opening
source: docs/domain.md 6, item 2.2.3.1
shape: up_rate
given: {online: open_up_us, due: open_us}
store: {day: [district]}
decimals: 3
*/
