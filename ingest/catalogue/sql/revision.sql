-- A new revision; gives its number.
INSERT INTO ingest.revision (district, who, signed_on, file_sha256, mode, reason, listed)
VALUES (%(district)s, %(who)s, %(signed_on)s, %(file_sha256)s, %(mode)s, %(reason)s, %(listed)s)
RETURNING rev
