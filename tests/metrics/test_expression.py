from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.expression import ExpressionError, Ratio, evaluate, names_in, plain, render
from tests.metrics.evaluator import reckon

NUMBERS = st.decimals(min_value=0, max_value=10**12, places=6)


def test_a_term_without_a_value_makes_the_formula_undetermined() -> None:
    assert evaluate("a - b", {"": {"a": Decimal(1), "b": None}}, {}) is None
    assert evaluate("a / b", {"": {"a": Decimal(1), "b": Decimal(0)}}, {}) is None
    assert evaluate("a", {}, {}) is None


def test_the_first_of_equal_keys_wins_and_keys_are_numbers() -> None:
    terms = {
        key: {"moves": Decimal(moves), "hours": Decimal(hours)} for key, moves, hours in (("10", 8, 2), ("9", 4, 1))
    }
    assert evaluate("argmax(moves, hours)", terms, {}) == Ratio(Decimal(9), Decimal(1))


def test_a_day_without_movement_has_no_peak() -> None:
    assert evaluate("argmax(moves, hours)", {"3": {"moves": Decimal(0), "hours": Decimal(1)}}, {}) is None


@pytest.mark.parametrize(
    "text", ["a ** 2", "a.b", "__import__('os')", "a / b / c", "lambda: a", "[a]", "True", "a if b else c"]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        names_in(text)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_what_is_printed_means_what_was_computed(pairs: list[tuple[Decimal, Decimal]]) -> None:
    terms = {str(n): {"a": a, "b": b, "one": Decimal(1)} for n, (a, b) in enumerate(pairs)}
    for formula in (
        "abs(a - b) / one",
        "a - 2 * b",
        "(a + b) * one",
        "sum_where(one, a, b, half) / one",
        "nearest_rank(half, a)",
        "argmax(a, one)",
    ):
        ratio = evaluate(formula, terms, {"half": Decimal("0.5")})
        if ratio is not None and not formula.startswith("nearest_rank"):
            printed = render(formula, terms, {"half": Decimal("0.5")})
            assert reckon(printed) == reckon(f"({plain(ratio.numerator)}) / {plain(ratio.denominator)}")


def test_the_nearest_rank_needs_the_whole_share() -> None:
    terms = {"5": {"n": Decimal(94)}, "60": {"n": Decimal(1)}, "300": {"n": Decimal(5)}}
    assert evaluate("nearest_rank(p, n)", terms, {"p": Decimal("0.95")}) == Ratio(Decimal(60), Decimal(1))
    assert evaluate("nearest_rank(p, n)", terms, {"p": Decimal("0.9501")}) == Ratio(Decimal(300), Decimal(1))
