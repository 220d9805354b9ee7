-- Every key with its roles, the oldest first. One row per key.
SELECT k.id, k.name, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_on,
       coalesce((SELECT jsonb_object_agg(r.district, r.role) FROM district.key_role r WHERE r.key_id = k.id), '{}') AS roles
FROM district.api_key k
ORDER BY k.created_at, k.id
