from itertools import pairwise

from district.access.limit import Limiter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_of_requests_may_come_at_once_and_then_one_by_one() -> None:
    clock = Clock()
    limiter = Limiter(60, clock)
    assert [limiter.wait_s("a") for _ in range(60)] == [0.0] * 60
    assert limiter.wait_s("a") == 1.0
    clock.now = 0.5
    assert limiter.wait_s("a") == 0.5
    clock.now = 1.0
    assert [limiter.wait_s("a"), limiter.wait_s("a")] == [0.0, 1.0]


def test_callers_do_not_share_a_limit() -> None:
    limiter = Limiter(1, Clock())
    assert [limiter.wait_s("a"), limiter.wait_s("b"), limiter.wait_s("a")] == [0.0, 0.0, 60.0]


def test_over_a_long_time_the_rate_holds() -> None:
    clock = Clock()
    limiter = Limiter(30, clock)
    taken = []
    for tick in range(6000):
        clock.now = tick / 10
        if not limiter.wait_s("a"):
            taken.append(clock.now)
    assert 300 <= len(taken) <= 330
    assert all(after - before >= 1.9 for before, after in pairwise(taken[31:]))


def test_callers_of_long_ago_are_forgotten() -> None:
    clock = Clock()
    limiter = Limiter(60, clock)
    for number in range(10_001):
        limiter.wait_s(str(number))
    clock.now = 61.0
    limiter.wait_s("a")
    assert len(limiter._free_at) == 1
