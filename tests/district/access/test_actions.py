"""What people change over HTTP, and that their name stands beside it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from district.access import sessions
from district.access.roles import Role
from ingest import ledger
from tests.district.access import lakeside
from tests.district.access.service import person, served

INGEST = f"/ingest/v1/districts/{lakeside.DISTRICT}"
SCORING = f"/scoring/v1/districts/{lakeside.DISTRICT}"
WHO = "Wang Fang (wang.fang)"
PAPER = {"kind": "walk_test", "title": "Walk test", "sha256": "a" * 64, "bytes": 10, "signer": "Li Na"}


@pytest.fixture
def wang(database: str, connection: psycopg.Connection) -> Iterator[httpx.Client]:
    """Wang Fang, admin, with a session as the pages begin it."""
    lakeside.build(connection, derive=False)
    person(database, {lakeside.DISTRICT: Role.ADMIN})
    cookie = sessions.begin(connection, "wang.fang", datetime.now(UTC))
    connection.commit()
    with served(database) as client:
        client.cookies.set(sessions.COOKIE, cookie)
        client.headers["X-Form-Token"] = sessions.form_token(cookie)
        yield client


def rows(connection: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_a_decision_names_its_person_and_stays_as_history(wang: httpx.Client) -> None:
    url = f"{SCORING}/items/2.2.5.1/decisions"
    first = wang.post(url, json={"points": "0", "reason": "site visit"})
    assert (first.status_code, first.json()["person"], first.json()["points"]) == (201, WHO, "0")
    second = wang.post(url, json={"points": "1", "reason": "second visit"})
    assert wang.get(url).json() == [second.json(), first.json()]
    assert wang.get(f"{SCORING}/total").json()["decided"] == "1"


def test_points_that_the_form_does_not_give_are_refused(wang: httpx.Client) -> None:
    answer = wang.post(f"{SCORING}/items/2.2.5.1/decisions", json={"points": "7", "reason": "generous"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert "expected one of 0, 1 for 2.2.5.1" in answer.json()["detail"]
    assert wang.get(f"{SCORING}/items/2.2.5.1/decisions").json() == []


def test_a_paper_counts_once_a_person_has_accepted_it(wang: httpx.Client, connection: psycopg.Connection) -> None:
    handed = wang.post(f"{SCORING}/documents", json=PAPER)
    assert (handed.status_code, handed.json()["verdict"]) == (201, None)
    reviews = f"{SCORING}/documents/{handed.json()['id']}/reviews"
    assert wang.post(reviews, json={"verdict": "rejected"}).status_code == 409
    reviewed = wang.post(reviews, json={"verdict": "accepted"}).json()
    assert (reviewed["verdict"], reviewed["reviewed_by"]) == ("accepted", WHO)
    assert wang.get(f"{SCORING}/documents").json() == [reviewed]
    assert rows(connection, "SELECT added_by FROM scoring.document") == [(WHO,)]
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert wang.get(f"{SCORING}/documents", params={"as_of": before}).json() == []


def test_a_closed_evaluation_takes_no_decision(wang: httpx.Client, connection: psycopg.Connection) -> None:
    name = "current"
    (known,) = rows(connection, "SELECT coalesce(min(id), 'current') FROM ingest.fact WHERE kind = 'assessment'")
    name = str(known[0])
    closed = wang.post(f"{SCORING}/assessments/{name}/closing", json={"reason": "decision of 30 April"})
    assert closed.json() == {"assessment": name, "person": WHO, "reason": "decision of 30 April"}
    again = wang.post(f"{SCORING}/assessments/{name}/closing", json={"reason": "again"})
    given = {"points": "1", "reason": "too late"}
    late = wang.post(f"{SCORING}/items/2.2.5.1/decisions", json=given, params={"assessment": name})
    assert (closed.status_code, again.status_code, late.status_code) == (201, 409, 409)


def test_a_correction_names_its_person_and_reopens_its_hours(
    wang: httpx.Client, connection: psycopg.Connection
) -> None:
    wish = {
        "action": "void", "datastreams": [lakeside.STREAM], "from": "2026-11-01T18:00:00+08:00",
        "to": "2026-11-01T18:30:00+08:00", "why": "the gate was tested",
    }  # fmt: skip
    (made,) = wang.post(f"{INGEST}/corrections", json=wish).json()
    assert (made["who"], made["why"], made["start"]) == (WHO, "the gate was tested", "2026-11-01T10:00:00Z")
    assert wang.get(f"{INGEST}/corrections").json() == [made]
    assert rows(connection, "SELECT count(*) FROM ingest.touched")[0] != (0,)


WRONG: tuple[tuple[dict[str, object], int, str], ...] = (
    ({"datastreams": ["seaside/gate-north/parking.in"]}, 404, "has no datastream 'seaside/"),
    ({"datastreams": [f"{lakeside.DISTRICT}/gate-north/none"]}, 409, "expected a datastream like"),
    ({"action": "replace"}, 409, "expected value like 12.5"),
    ({"to": "2026-11-01T09:00:00Z"}, 409, "expected an instant after"),
    ({"why": "   "}, 422, "body.why"),
    ({"from": "2026-11-01T10:00:00"}, 422, "body.from"),
    ({"from": 1793527200}, 422, "body.from"),
    ({"reason": "?"}, 422, "body.reason"),
)


def test_a_wrong_correction_says_what_was_expected(wang: httpx.Client) -> None:
    right = {"action": "void", "datastreams": [lakeside.STREAM], "from": "2026-11-01T10:00:00Z", "why": "test"}
    for change, status, words in WRONG:
        answer = wang.post(f"{INGEST}/corrections", json=right | change)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert wang.get(f"{INGEST}/corrections").json() == []


def test_a_conflict_is_decided_once_and_then_waits_no_more(wang: httpx.Client) -> None:
    (conflict,) = wang.get(f"{INGEST}/conflicts").json()
    assert (conflict["datastream"], conflict["later"], conflict["resolution"]) == (lakeside.STREAM, 99.0, None)
    url = f"{INGEST}/conflicts/{conflict['id']}/resolution"
    decided = wang.post(url, json={"resolution": "replace", "why": "the gateway was right"})
    assert (decided.status_code, decided.json()["who"], decided.json()["resolution"]) == (201, WHO, "replace")
    assert wang.get(f"{INGEST}/conflicts").json() == []
    assert wang.get(f"{INGEST}/conflicts", params={"all": "true"}).json() == [decided.json()]
    assert wang.post(f"{INGEST}/conflicts/4711/resolution", json={"resolution": "keep", "why": "x"}).status_code == 404


def test_messages_are_replayed_or_let_go_and_the_ledger_names_who_did_it(
    wang: httpx.Client, connection: psycopg.Connection
) -> None:
    waiting = wang.get(f"{INGEST}/quarantine").json()
    assert [one["reason"] for one in waiting] == ["bad_json", "unknown_device"]
    ids = [one["id"] for one in waiting]
    again = wang.post(f"{INGEST}/quarantine/replay", json={"ids": ids, "why": "registered"}).json()
    assert again == {"replayed": 0, "refused_again": 1, "sealed": 0, "lost": 1}
    gone = wang.post(f"{INGEST}/quarantine/discard", json={"ids": ids, "why": "test bench"}).json()
    assert gone == {"discarded": 2}
    assert wang.get(f"{INGEST}/quarantine").json() == []
    assert wang.post(f"{INGEST}/quarantine/discard", json={"ids": ids, "why": "twice"}).status_code == 404
    assert rows(connection, "SELECT DISTINCT who, why FROM ingest.transfer") == [(WHO, "test bench")]
    assert list(ledger.check(connection)) == []


def test_without_the_token_of_the_session_nothing_is_changed(wang: httpx.Client) -> None:
    del wang.headers["X-Form-Token"]
    assert wang.post(f"{SCORING}/documents", json=PAPER).status_code == 403
    assert wang.get(f"{SCORING}/documents").json() == []
