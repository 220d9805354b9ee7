-- Messages and readings of the chosen period that ended in no class or in two.
SELECT coalesce(sum(abs(received - stored - partly_stored - duplicate - conflict - no_measurement - quarantined)
                    + abs(readings_decoded - readings_stored - readings_duplicate - readings_conflict - readings_not_stored)), 0)
       AS value
FROM dashboards.ledger
WHERE district IN (${district:sqlstring}, '-') AND $__timeFilter(hour)
