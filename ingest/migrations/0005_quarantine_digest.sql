-- A redelivered message is looked up by its hash before it is kept a second time.
CREATE INDEX quarantine_sha256 ON ingest.quarantine (sha256);
