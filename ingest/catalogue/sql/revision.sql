-- A new revision; gives its number.
INSERT INTO ingest.revision (district, who, signed_on, file_sha256, mode, reason)
VALUES (%(district)s, %(who)s, %(signed_on)s, %(file_sha256)s, %(mode)s, %(reason)s)
RETURNING rev
