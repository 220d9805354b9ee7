-- Devices come by lists too, their hardware is swapped, and what looks after the installation says when it last did.

-- Entries that only lists recorded stay when a whole district.yaml is applied that does not have them.
ALTER TABLE ingest.revision
    ADD COLUMN listed boolean NOT NULL DEFAULT false;   -- a list of devices, or one exchange of hardware; false: a whole file

-- When each kind of work was last done to its end; one row per kind. `district doctor` tells its age.
CREATE TABLE ingest.job (
    name   text PRIMARY KEY CHECK (name IN ('refresh', 'follow', 'storage')),
    ran_at timestamptz NOT NULL   -- end of the last round that succeeded, by the database's clock
);

-- The clocks of devices, from what came live: per device, hour of arrival and collector, how far times were from their
-- arrival. Backfill, history that a device kept, and what had waited at the broker say nothing of a clock and are left out.
CREATE TABLE ingest.device_clock (
    district   text NOT NULL,
    device     text NOT NULL,
    hour       timestamptz NOT NULL,   -- of arrival
    collector  text NOT NULL,          -- a row of its own for each, so that writers never wait for each other
    readings   bigint NOT NULL,        -- looked at: a sample of large batches
    untimed    bigint NOT NULL,        -- of these without a usable time of their own
    least_s    int,                    -- arrival minus time, whole seconds rounded up: the least is nearest to the clock's error
    most_s     int,                    -- null: all were untimed
    first_time timestamptz,            -- least and greatest time that the device gave
    last_time  timestamptz,
    PRIMARY KEY (district, device, hour, collector)
);
