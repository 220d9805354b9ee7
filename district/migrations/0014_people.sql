-- Who may do what over HTTP: people with passwords, programs with keys, and the sessions of the pages.
CREATE SCHEMA district;

-- A person with an account. Nobody is deleted: what a person decided goes on naming them.
CREATE TABLE district.person (
    id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),   -- what they log in with
    name       text NOT NULL CHECK (name ~ '\S'),   -- as it stands beside what they decide
    password   text NOT NULL CHECK (password LIKE '$argon2id$%'),   -- hash with its salt and parameters
    added_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    added_by   text NOT NULL CHECK (added_by <> ''),   -- user at the terminal
    removed_at timestamptz   -- null: may log in
);

-- What a person may do in a district.
CREATE TABLE district.person_role (
    person_id text NOT NULL REFERENCES district.person,
    district  text NOT NULL CHECK (district ~ '^(\*|[a-z0-9][a-z0-9_-]{0,63})$'),   -- '*': every one
    role      text NOT NULL CHECK (role IN ('viewer', 'evaluator', 'operator', 'admin')),
    PRIMARY KEY (person_id, district)
);

-- A key that a program shows. The key itself is stored nowhere.
CREATE TABLE district.api_key (
    id           text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{8}$'),   -- stands in the key, so that one that is found can be told
    name         text NOT NULL CHECK (name ~ '\S'),   -- what it is for
    sha256       bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by   text NOT NULL CHECK (created_by <> ''),   -- user at the terminal
    expires_at   timestamptz,   -- null: never
    revoked_at   timestamptz,   -- null: is accepted
    last_used_on date           -- UTC; null: never
);

-- What a key may do in a district.
CREATE TABLE district.key_role (
    key_id   text NOT NULL REFERENCES district.api_key,
    district text NOT NULL CHECK (district ~ '^(\*|[a-z0-9][a-z0-9_-]{0,63})$'),   -- '*': every one
    role     text NOT NULL CHECK (role IN ('viewer', 'evaluator', 'operator', 'admin')),
    PRIMARY KEY (key_id, district)
);

-- A person who is logged in on the pages. Logging out, a new password and a removal delete rows.
CREATE TABLE district.session (
    sha256     bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),   -- of the cookie, which is stored nowhere
    person_id  text NOT NULL REFERENCES district.person,
    began_at   timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > began_at)
);
CREATE INDEX ON district.session (person_id);
