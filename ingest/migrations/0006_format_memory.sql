-- What stateful formats remember between messages: the births of Sparkplug B, the discovery of Home Assistant.
-- One row per route and key; written in the transaction of the batch that taught it, read when a collector starts.
CREATE TABLE ingest.format_memory (
    route text NOT NULL,  -- name of the route in the configuration
    key text NOT NULL,  -- the format's own key
    value jsonb NOT NULL,  -- what it remembers; the format's own shape
    batch_id bigint NOT NULL,  -- batch whose message taught it
    PRIMARY KEY (route, key)
);
