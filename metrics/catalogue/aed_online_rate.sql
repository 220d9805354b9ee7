/*
name: aed_online_rate
title: {zh: AED 柜在线率, en: AED cabinet online rate}
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
devices: {feed: equipment, role: aed}
over_time: time is added up; the quotient is taken once
over_devices: pooled over the registered devices; one that never spoke is offline throughout
coverage: valid slots over expected slots of the same devices
source: docs/domain.md 6, item 2.2.4.2
shape: up_rate
given: {online: up_us, due: expected_us}
store: {day: [district]}
decimals: 3
*/
