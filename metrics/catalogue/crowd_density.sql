/*
name: crowd_density
title: {zh: 人群密度, en: Crowd density}
meaning:
  zh: 摄像机所见人数的时间加权平均与空间容量之比
  en: People whom the crowd cameras see, weighted by time, over the usable area of the space
unit: '{people}/m2'
grains: [hour, day, window]
subjects: [space]
inputs: [people.present]
terms:
  people_us: {unit: '{people}.us', meaning: 'people times the microseconds they were counted'}
  room_us: {unit: 'm2.us', meaning: 'usable area times the microseconds counted, shared by the cameras'}
formula: people_us / room_us
devices: {feed: video, role: crowd}
over_time: weighted by time; peaks are in crowd_level
over_devices: the cameras of a space watch different parts of it and are added up
coverage: time covered by the registered crowd cameras
source: docs/domain.md 3, density (source 12)
shape: crowd
given: {room: usable_area_m2}
store: {day: [space]}
decimals: 3
*/
