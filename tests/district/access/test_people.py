from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from district.access import people, sessions
from district.access.roles import AccessError, Role

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PASSWORD = "a ladder, a lake and a lamp"


@pytest.fixture
def wang(connection: psycopg.Connection) -> psycopg.Connection:
    people.add(connection, "wang.fang", "Wang Fang", PASSWORD, {"lakeside": Role.EVALUATOR}, who="ops")
    return connection


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own(wang: psycopg.Connection) -> None:
    people.add(wang, "li.na", "Li Na", PASSWORD, {}, who="ops")
    rows = wang.execute("SELECT password FROM district.person").fetchall()
    assert all(text.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for (text,) in rows)
    assert len({*rows}) == 2


def test_only_the_right_password_of_somebody_known_is_taken(wang: psycopg.Connection) -> None:
    assert people.verify(wang, "wang.fang", PASSWORD)
    assert not people.verify(wang, "wang.fang", PASSWORD + "s")
    assert not people.verify(wang, "nobody", "nobody has this password")


def test_a_removed_person_is_logged_out_and_cannot_log_in(wang: psycopg.Connection) -> None:
    cookie = sessions.begin(wang, "wang.fang", NOW)
    assert sessions.find(wang, cookie, NOW) is not None
    people.remove(wang, "wang.fang")
    assert sessions.find(wang, cookie, NOW) is None
    assert not people.verify(wang, "wang.fang", PASSWORD)
    assert [person.removed_at is None for person in people.every(wang)] == [False]
    with pytest.raises(AccessError, match="id of an account"):
        people.remove(wang, "wang.fang")


def test_a_new_password_ends_the_sessions_of_the_old_one(wang: psycopg.Connection) -> None:
    cookie = sessions.begin(wang, "wang.fang", NOW)
    people.set_password(wang, "wang.fang", "another ladder and lake")
    assert sessions.find(wang, cookie, NOW) is None
    assert people.verify(wang, "wang.fang", "another ladder and lake")


def test_a_session_ends_by_itself(wang: psycopg.Connection) -> None:
    cookie = sessions.begin(wang, "wang.fang", NOW)
    assert sessions.find(wang, cookie, NOW + sessions.LIFE - timedelta(seconds=1)) is not None
    assert sessions.find(wang, cookie, NOW + sessions.LIFE) is None
    sessions.begin(wang, "wang.fang", NOW + sessions.LIFE)
    assert wang.execute("SELECT count(*) FROM district.session").fetchone() == (1,)


def test_a_cookie_is_stored_as_its_hash_only(wang: psycopg.Connection) -> None:
    cookie = sessions.begin(wang, "wang.fang", NOW)
    row = wang.execute("SELECT row_to_json(s)::text FROM district.session s").fetchone()
    assert row is not None
    assert cookie not in row[0]
    assert sessions.form_token(cookie) not in row[0]


def test_another_role_holds_at_once(wang: psycopg.Connection) -> None:
    cookie = sessions.begin(wang, "wang.fang", NOW)
    people.grant(wang, "wang.fang", "lakeside", Role.OPERATOR)
    people.grant(wang, "wang.fang", "seaside", Role.VIEWER)
    found = sessions.find(wang, cookie, NOW)
    assert found is not None
    assert (found.name, found.roles) == ("Wang Fang (wang.fang)", {"lakeside": Role.OPERATOR, "seaside": Role.VIEWER})
    people.grant(wang, "wang.fang", "lakeside", None)
    people.grant(wang, "wang.fang", "seaside", None)
    without = sessions.find(wang, cookie, NOW)
    assert without is not None
    assert without.roles == {}


@pytest.mark.parametrize(
    ("number", "name", "password", "words"),
    [
        ("wang.fang", "Another", PASSWORD, "an id that is free"),
        ("Wang Fang", "Wang Fang", PASSWORD, "like wang.fang"),
        ("li.na", "  ", PASSWORD, "a name like 'Wang Fang'"),
        ("li.na", "Li Na", "too short", "15 to 1024 characters, got 9"),
    ],
)
def test_mistakes_say_what_was_expected(
    wang: psycopg.Connection, number: str, name: str, password: str, words: str
) -> None:
    with pytest.raises(AccessError, match=words) as caught:
        people.add(wang, number, name, password, {}, who="ops")
    assert password not in str(caught.value)
