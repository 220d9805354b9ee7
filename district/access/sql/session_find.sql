-- The person of a session that has not ended. One row per district that they have a role in, or one without.
SELECT p.id, p.name, r.district, r.role
FROM district.session s
JOIN district.person p ON p.id = s.person_id
LEFT JOIN district.person_role r ON r.person_id = p.id
WHERE s.sha256 = %(sha256)s AND s.expires_at > %(now)s AND p.removed_at IS NULL
