-- Every account with its roles, by id. One row per person.
SELECT p.id, p.name, p.added_at, p.added_by, p.removed_at,
       coalesce((SELECT jsonb_object_agg(r.district, r.role) FROM district.person_role r WHERE r.person_id = p.id), '{}') AS roles
FROM district.person p
ORDER BY p.id
