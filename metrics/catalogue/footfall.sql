/*
name: footfall
title: {zh: 客流量, en: Footfall}
meaning:
  zh: 所有边界计数器的进入人次（人次，不是人数）
  en: Entries over all boundary counters, in visits (not unique people)
unit: '{people}'
grains: [hour, day, window]
subjects: [district, space, device]
inputs: [people.in, people.out]
terms:
  entries: {unit: '{people}', meaning: 'amount of the primary view in the direction into the space, and crossings reported as events'}
formula: entries
devices: {has: entrance}
over_time: added up
over_devices: added up over the counters at the entrances of the space; the district is bounded by its outermost entrances
coverage: time covered by the counts of the registered boundary counters
source: docs/domain.md 3, footfall; events, docs/schema.md
shape: crossings
given: {passing: people, way: entries, term: entries}
store: {hour: [district, space], day: [district, space]}
decimals: 0
*/
