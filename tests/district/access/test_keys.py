from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from district.access import keys
from district.access.roles import AccessError, Role
from tests.district.access.service import ELSEWHERE, key, person, served

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ASKED = "/metrics/v1/definitions"


def test_a_key_is_stored_as_its_hash_only(connection: psycopg.Connection) -> None:
    text = keys.create(connection, "grafana", {"*": Role.VIEWER}, who="ops")
    row = connection.execute("SELECT row_to_json(k)::text FROM district.api_key k").fetchone()
    assert row is not None
    assert text.split("_")[2] not in row[0]
    assert keys.digest(text).hex() in row[0]


def test_a_key_is_found_with_its_roles_and_the_day_of_its_use_is_noted(connection: psycopg.Connection) -> None:
    text = keys.create(connection, "importer", {"lakeside": Role.OPERATOR, "seaside": Role.VIEWER}, who="ops")
    found = keys.find(connection, text, NOW)
    assert found is not None
    assert found.name == f"key importer ({text.split('_')[1]})"
    assert found.roles == {"lakeside": Role.OPERATOR, "seaside": Role.VIEWER}
    assert [one.last_used_on for one in keys.every(connection)] == [NOW.date()]


def test_a_key_is_refused_once_it_is_revoked_or_has_expired(connection: psycopg.Connection) -> None:
    revoked = keys.create(connection, "a", {"*": Role.VIEWER}, who="ops")
    keys.revoke(connection, revoked.split("_")[1])
    expiring = keys.create(connection, "b", {"*": Role.VIEWER}, who="ops", expires_at=NOW)
    assert keys.find(connection, revoked, NOW) is None
    assert keys.find(connection, expiring, NOW - timedelta(seconds=1)) is not None
    assert keys.find(connection, expiring, NOW) is None
    assert keys.find(connection, "district_00000000_", NOW) is None
    with pytest.raises(AccessError, match="id of a key in force"):
        keys.revoke(connection, revoked.split("_")[1])


def test_what_is_no_district_gets_no_key(connection: psycopg.Connection) -> None:
    with pytest.raises(AccessError, match="and 'Lake Side'"):
        keys.create(connection, "a", {"Lake Side": Role.VIEWER}, who="ops")


def test_on_a_new_machine_reading_is_open_until_the_first_key_is_made(database: str, client: httpx.Client) -> None:
    assert client.get(ASKED).status_code == 200
    header = key(database, {"*": Role.VIEWER})
    answer = client.get(ASKED)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get(ASKED, headers=header).status_code == 200
    with psycopg.connect(database) as connection:
        keys.revoke(connection, keys.every(connection)[0].id)
    assert client.get(ASKED).status_code == 401, "revoking the last key opens nothing"


def test_on_a_new_machine_reading_is_open_until_the_first_account_is_made(database: str, client: httpx.Client) -> None:
    person(database, {"*": Role.VIEWER})
    assert client.get(ASKED).status_code == 401


def test_what_is_open_on_this_machine_is_open_from_nowhere_else(client: httpx.Client) -> None:
    for headers in (ELSEWHERE, {"Forwarded": "for=192.0.2.7"}, {"Host": "rebound.example"}, {"Host": "192.0.2.1:8080"}):
        assert client.get(ASKED, headers=headers).status_code == 401


def test_nothing_is_open_where_access_is_required(database: str) -> None:
    with served(database, access="required") as client:
        assert client.get(ASKED).status_code == 401
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_an_unknown_key_is_refused_even_where_reading_is_open(client: httpx.Client) -> None:
    answer = client.get(ASKED, headers={"Authorization": "Bearer district_00000000_x"})
    assert (answer.status_code, "unknown" in answer.json()["detail"]) == (401, True)


def test_guessing_keys_is_slowed_down(client: httpx.Client) -> None:
    statuses = [client.get(ASKED, headers={"Authorization": f"Bearer {n}"}).status_code for n in range(22)]
    assert statuses == [401] * 20 + [429] * 2


def test_who_asks_too_often_is_told_when_to_come_again(database: str) -> None:
    header, other = key(database, {"*": Role.VIEWER}), key(database, {"*": Role.VIEWER})
    with served(database, requests_per_minute=3) as client:
        answers = [client.get(ASKED, headers=header) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["Retry-After"]) <= 20
        assert client.get(ASKED, headers=other).status_code == 200
