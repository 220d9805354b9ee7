"""Logging in and out in a real Chromium, which sends headers that no client of a test would."""

import os
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import sync_playwright

from district.access.roles import Role
from tests.district.access import lakeside
from tests.district.access.service import PASSWORD, person, served

CHROMIUM = Path("/usr/bin/chromium")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.is_file(), reason="needs chromium: apt-get install --no-install-recommends chromium")
def test_a_person_logs_in_reads_a_page_and_logs_out(database: str, connection: psycopg.Connection) -> None:
    lakeside.build(connection, derive=False)
    person(database, {lakeside.DISTRICT: Role.VIEWER})
    wrong: list[str] = []
    with served(database) as client, sync_playwright() as playwright:
        # Chromium has no sandbox for root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        base = str(client.base_url).rstrip("/")
        page.goto(f"{base}/districts/{lakeside.DISTRICT}?lang=en")
        assert page.url == f"{base}/login?next=/districts/{lakeside.DISTRICT}%3Flang%3Den"
        page.fill("#person", "wang.fang")
        page.fill("#password", PASSWORD)
        page.click(".fields button")
        assert page.url == f"{base}/districts/{lakeside.DISTRICT}?lang=en"
        assert page.inner_text(".visitor span") == "Wang Fang (wang.fang)"
        page.click(".visitor button")
        assert page.url == f"{base}/login"
        page.goto(f"{base}/districts/{lakeside.DISTRICT}")
        assert page.url.startswith(f"{base}/login?next=")
        browser.close()
    assert wrong == []
