"""A second reading of printed formulas: exact, and sharing nothing with the product."""

import ast
import math
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import Any


def reckon(text: str) -> Fraction:
    """The value of a printed expression."""
    return Fraction(_of(ast.parse(text, mode="eval").body, text))


def _of(node: Any, text: str) -> Any:
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.UnaryOp):
        return -_of(node.operand, text)
    if isinstance(node, ast.Tuple):
        return tuple(_of(part, text) for part in node.elts)
    if isinstance(node, ast.Compare):
        return Fraction(_of(node.left, text) >= _of(node.comparators[0], text))
    if isinstance(node, ast.BinOp):
        left, right = _of(node.left, text), _of(node.right, text)
        return {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv}[type(node.op)](left, right)
    given = [_of(argument, text) for argument in node.args]
    match node.func.id:
        case "abs":
            return abs(given[0])
        case "max":
            return max(given)
        case "min":
            return min(given)
        case "ceil":
            return math.ceil(given[0])
        case "round_half_even":
            return Fraction(round(given[0] * 10 ** int(given[1]))) / 10 ** int(given[1])
        case "argmax":
            return max(given, key=lambda pair: (pair[1], -pair[0]))[0]
        case "nearest_rank":
            rank, pairs = math.ceil(given[0] * sum(count for _, count in given[1:])), sorted(given[1:])
            seen = [edge for edge, count in pairs for _ in range(int(count))]
            return seen[rank - 1]
    raise AssertionError(node.func.id)
