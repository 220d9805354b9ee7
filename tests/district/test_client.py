"""The client of docs/api.md, as somebody copies it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg

from district.access.roles import Role
from tests.district.access import lakeside
from tests.district.access.service import key, served

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_client_of_the_page_prints_every_item(
    database: str, connection: psycopg.Connection, tmp_path: Path
) -> None:
    lakeside.build(connection, derive=False)
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    assert sum(bool(line.strip()) for line in found[1].splitlines()) <= 32
    file = tmp_path / "client.py"
    file.write_text(found[1], encoding="utf-8")
    shown = key(database, {lakeside.DISTRICT: Role.VIEWER})["Authorization"].split()[1]
    with served(database) as client:
        asked = [sys.executable, "-W", "error", str(file), str(client.base_url).rstrip("/"), lakeside.DISTRICT]
        done = subprocess.run(
            asked, env={**os.environ, "DISTRICT_KEY": shown}, capture_output=True, text=True, timeout=60, check=True
        )
        items = client.get(
            f"/scoring/v1/districts/{lakeside.DISTRICT}/items", headers={"Authorization": f"Bearer {shown}"}
        ).json()
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [item["code"] for item in items]
