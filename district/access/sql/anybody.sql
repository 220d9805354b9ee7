-- Whether a key or an account was ever made: revoking the last one opens nothing. One row.
SELECT EXISTS (SELECT FROM district.api_key) OR EXISTS (SELECT FROM district.person)
