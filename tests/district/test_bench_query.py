"""The questions of `district bench query`, asked of a small district."""

import os

import psycopg

from district import bench_query
from tests.conftest import SERVER


def test_every_question_is_answered_and_the_database_is_gone_afterwards() -> None:
    server = os.environ[SERVER]
    answers = list(bench_query.query(devices=10, days=31, interval_s=600, address=server))
    assert [answer.question for answer in answers if answer.goal_s] == [
        "evidence for all items",
        "one item by the API",
        "one item as a page",
        "the hour rolled up, with digests",
    ]
    assert "60 readings" in next(answer.question for answer in answers if "bare digests" in answer.question)
    assert all(answer.seconds > 0 for answer in answers)
    with psycopg.connect(server) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, 'bench_')").fetchall()
    assert left == []
