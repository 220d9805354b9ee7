-- The key with this hash, unless it was revoked or has expired. One row per district that it has a role in, or one without.
SELECT k.id, k.name, k.last_used_on, r.district, r.role
FROM district.api_key k
LEFT JOIN district.key_role r ON r.key_id = k.id
WHERE k.sha256 = %(sha256)s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
