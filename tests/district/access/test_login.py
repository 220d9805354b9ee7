"""Logging in on the pages, as a browser does it."""

import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from district.access import sessions
from district.access.roles import Role
from tests.district.access.service import PASSWORD, person, served

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def browser(database: str) -> Iterator[httpx.Client]:
    person(database, {"*": Role.EVALUATOR})
    with served(database) as client:
        yield client


def token_of(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def log_in(browser: httpx.Client, password: str = PASSWORD, **fields: str) -> httpx.Response:
    token = token_of(browser.get("/login").text)
    given = {"form_token": token, "person": "wang.fang", "password": password, "next": "/docs", **fields}
    return browser.post("/login", data=given)


def test_a_page_leads_to_the_login_and_back(browser: httpx.Client) -> None:
    answer = browser.get("/docs?lang=en", headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/docs%3Flang%3Den")
    page = browser.get(answer.headers["Location"], headers=PAGE).text
    assert 'name="next" value="/docs?lang=en"' in page
    entered = log_in(browser, next="/docs?lang=en")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/docs?lang=en")
    assert browser.get("/docs?lang=en", headers=PAGE).status_code == 200


def test_a_program_without_a_key_is_told_so_and_not_sent_to_a_page(browser: httpx.Client) -> None:
    assert browser.get("/docs").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(browser: httpx.Client) -> None:
    cookie = next(text for text in log_in(browser).headers.get_list("set-cookie") if text.startswith(sessions.COOKIE))
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    token = token_of(browser.get("/login").text)
    fields = {"form_token": token, "person": "wang.fang", "password": PASSWORD}
    encrypted = browser.post(
        "/login", data=fields, headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    )
    assert "Secure" in encrypted.headers["set-cookie"]


def test_who_gives_something_wrong_is_not_told_what(browser: httpx.Client) -> None:
    for fields in ({"password": "wrong" * 4}, {"person": "nobody"}, {"person": "a\x00b"}, {"password": ""}):
        answer = log_in(browser, **fields)
        assert answer.status_code == 401
        assert "账号或密码不正确" in answer.text
        assert sessions.COOKIE not in answer.cookies
        assert all(not text or text not in answer.text for text in fields.values())


def test_a_form_that_is_not_ours_logs_nobody_in(browser: httpx.Client) -> None:
    fields = {"person": "wang.fang", "password": PASSWORD}
    assert browser.post("/login", data=fields).status_code == 403
    assert browser.post("/login", data=fields | {"form_token": "x"}).status_code == 403
    token = token_of(browser.get("/login").text)
    answer = browser.post(
        "/login", data=fields | {"form_token": token}, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 403
    assert sessions.COOKIE not in browser.cookies


def test_nobody_is_led_elsewhere(browser: httpx.Client) -> None:
    for target in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "x", "/a\nb"):
        assert log_in(browser, next=target).headers["Location"] == "/"


def test_guessing_a_password_is_slowed_down(database: str, browser: httpx.Client) -> None:
    token = token_of(browser.get("/login").text)
    with psycopg.connect(database) as connection:  # a hash that is quick to look at, so that the test is quick too
        connection.execute("UPDATE district.person SET password = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YWJjZGVmZ2g'")
    statuses = []
    for number in range(22):
        token = token_of(browser.get("/login").text)
        fields = {"form_token": token, "person": "wang.fang", "password": f"{number}"}
        statuses.append(browser.post("/login", data=fields).status_code)
    assert statuses == [401] * 20 + [429] * 2


def test_logging_out_ends_the_session(database: str, browser: httpx.Client) -> None:
    log_in(browser)
    kept = browser.cookies[sessions.COOKIE]
    token = sessions.form_token(kept)
    assert browser.post("/logout", data={"form_token": token}).headers["Location"] == "/login"
    assert sessions.COOKIE not in browser.cookies
    assert browser.get("/docs", headers={"Cookie": f"{sessions.COOKIE}={kept}"}).status_code == 401
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM district.session").fetchone() == (0,)


def test_what_changes_something_carries_the_token_of_the_session(browser: httpx.Client) -> None:
    log_in(browser)
    cookie = {"Cookie": f"{sessions.COOKIE}={browser.cookies[sessions.COOKIE]}"}
    token = sessions.form_token(browser.cookies[sessions.COOKIE])
    browser.cookies.clear()
    foreign = {"Origin": "https://elsewhere.example"}
    for data, headers, status in (
        ({}, {}, 403),
        ({"form_token": "x"}, {}, 403),
        ({"form_token": "…"}, {}, 403),
        ({}, {"X-Form-Token": "x"}, 403),
        ({"form_token": token}, foreign, 403),
        ({}, {"X-Form-Token": token} | foreign, 403),
        ({"form_token": token}, {}, 303),
    ):
        assert browser.post("/logout", data=data, headers=cookie | headers).status_code == status
    log_in(browser)
    token = sessions.form_token(browser.cookies[sessions.COOKIE])
    assert browser.post("/logout", headers={"X-Form-Token": token}).status_code == 303


def test_a_page_says_in_a_browser_what_is_missing(browser: httpx.Client) -> None:
    log_in(browser)
    answer = browser.get("/districts/nowhere?lang=en", headers=PAGE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page" in answer.text
