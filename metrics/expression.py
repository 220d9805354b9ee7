"""The formula of a metric as text: evaluated exactly, and printed with numbers in place of its terms.

A formula is an expression of Python's syntax over the terms and parameters of its metric: `+ - *`, parentheses,
numbers, one `/` at the top (numerator / denominator) and the functions of `FUNCTIONS`. A term alone means its sum over
all rows; inside a function that looks at keys (hours of the day, edges, car parks) it means its sum per key.

    >>> terms = {"": {"vehicles": Decimal(30), "spaces": Decimal(20)}}
    >>> evaluate("vehicles / spaces", terms, {})
    Ratio(numerator=Decimal('30'), denominator=Decimal('20'))
    >>> render("vehicles / spaces", terms, {})
    '30 / 20'
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from functools import cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from metrics.aqi import AqiError, air_quality_index, print_index

#: key to term to its exact sum; None where no row says anything
Terms: TypeAlias = Mapping[str, Mapping[str, Decimal | None]]
Parameters: TypeAlias = Mapping[str, Decimal]
#: How one term, of one key or of all (None), is printed.
Spell: TypeAlias = Callable[[str, str | None], str]

#: Sums and products of readings need far fewer digits; a result that does not fit is a bug and raises.
EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])


class ExpressionError(ValueError):
    """The text is not a formula; the message says what is wrong in it."""


class Note(NamedTuple):
    """What a function says about its value besides the number."""

    text: str
    doubtful: bool


class Ratio(NamedTuple):
    """An exact value."""

    numerator: Decimal
    denominator: Decimal


class _Undetermined(Exception):  # noqa: N818 - control flow inside this module, never seen outside
    """A term has no row that says anything."""


@dataclass(frozen=True, slots=True)
class _Scope:
    terms: Terms
    parameters: Parameters
    spell: Spell | None = None

    def total(self, name: str) -> Decimal:
        """Sum of a term over its keys, or the parameter of that name."""
        if name in self.parameters:
            return self.parameters[name]
        values = [row[name] for row in self.terms.values() if row.get(name) is not None]
        if not values:
            raise _Undetermined
        return sum((value for value in values if value is not None), Decimal(0))

    def column(self, name: str) -> dict[str, Decimal]:
        """Sum of a term per key, keys without a value left out."""
        found = {key: row[name] for key, row in self.terms.items() if row.get(name) is not None}
        return {key: value for key, value in found.items() if value is not None}

    def text(self, name: str, key: str | None) -> str:
        """The printed term."""
        if name in self.parameters:
            return plain(self.parameters[name])
        if self.spell is not None:
            return self.spell(name, key)
        value = self.total(name) if key is None else self.terms[key][name]
        return "0" if value is None else plain(value)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: its value and how it is printed."""

    value: Callable[[_Scope, list[str]], Decimal]
    text: Callable[[_Scope, list[str]], str]
    arguments: int
    #: how the value came about, in words of its field
    note: Callable[[_Scope, list[str]], "Note"] | None = None


def plain(value: Decimal) -> str:
    """The number as plain decimal text, without exponent and trailing zeros.

    >>> plain(Decimal("1.500")), plain(Decimal("1E+3"))
    ('1.5', '1000')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _argmax(scope: _Scope, names: list[str]) -> Decimal:
    """Key with the greatest quotient of two terms; of equals the lowest."""
    amounts, counts = scope.column(names[0]), scope.column(names[1])
    best: tuple[Decimal, Decimal, Decimal] | None = None
    for key in sorted((key for key in amounts if counts.get(key)), key=Decimal):
        if best is None or amounts[key] * best[2] > best[1] * counts[key]:
            best = (Decimal(key), amounts[key], counts[key])
    if best is None or best[1] <= 0:
        raise _Undetermined
    return best[0]


def _print_argmax(scope: _Scope, names: list[str]) -> str:
    counts = scope.column(names[1])
    keys = sorted((key for key in scope.column(names[0]) if counts.get(key)), key=Decimal)
    pairs = (f"({key}, {scope.text(names[0], key)} / {scope.text(names[1], key)})" for key in keys)
    return f"argmax({', '.join(pairs)})"


def _nearest_rank(scope: _Scope, names: list[str]) -> Decimal:
    """Lowest key at which the running count reaches the share of all; keys are upper edges of classes."""
    share, counts = scope.total(names[0]), scope.column(names[1])
    total = sum(counts.values(), Decimal(0))
    if not total:
        raise _Undetermined
    running = Decimal(0)
    for key in sorted(counts, key=Decimal):
        running += counts[key]
        if running >= share * total:
            return Decimal(key)
    raise _Undetermined


def _print_nearest_rank(scope: _Scope, names: list[str]) -> str:
    keys = sorted(scope.column(names[1]), key=Decimal)
    pairs = ", ".join(f"({key}, {scope.text(names[1], key)})" for key in keys)
    return f"nearest_rank({scope.text(names[0], None)}, {pairs})"


def _sum_where(scope: _Scope, names: list[str]) -> Decimal:
    """Sum of the first term over the keys where the second is at least a share (fourth) of the third."""
    weights, parts, wholes = (scope.column(name) for name in names[:3])
    share = scope.total(names[3])
    if not weights:
        raise _Undetermined
    held = (key for key in weights if wholes.get(key) and parts.get(key, Decimal(0)) >= share * wholes[key])
    return sum((weights[key] for key in held), Decimal(0))


def _print_sum_where(scope: _Scope, names: list[str]) -> str:
    wholes, parts = scope.column(names[2]), scope.column(names[1])
    products = []
    for key in scope.column(names[0]):
        weight = scope.text(names[0], key)
        part = scope.text(names[1], key) if key in parts else "0"
        whole, share = scope.text(names[2], key), scope.text(names[3], None)
        products.append(f"{weight} * ({part} >= {share} * {whole})" if wholes.get(key) else f"{weight} * 0")
    return f"({' + '.join(products)})"


def _largest(scope: _Scope, names: list[str]) -> Decimal:
    """Greatest sum of a key."""
    return max(_known(scope, names[0]))


def _print_largest(scope: _Scope, names: list[str]) -> str:
    return f"max({_print_keys(scope, names[0])})"


def _smallest(scope: _Scope, names: list[str]) -> Decimal:
    """Least sum of a key."""
    return min(_known(scope, names[0]))


def _print_smallest(scope: _Scope, names: list[str]) -> str:
    return f"min({_print_keys(scope, names[0])})"


def _known(scope: _Scope, name: str) -> list[Decimal]:
    """The sums of the keys, at least one."""
    found = list(scope.column(name).values())
    if not found:
        raise _Undetermined
    return found


def _print_keys(scope: _Scope, name: str) -> str:
    return ", ".join(scope.text(name, key) for key in sorted(scope.column(name)))


def _sum_product(scope: _Scope, names: list[str]) -> Decimal:
    """Sum over the keys of one term times another."""
    left, right = scope.column(names[0]), scope.column(names[1])
    keys = left.keys() & right.keys()
    if not keys:
        raise _Undetermined
    return sum((left[key] * right[key] for key in keys), Decimal(0))


def _print_sum_product(scope: _Scope, names: list[str]) -> str:
    keys = sorted(scope.column(names[0]).keys() & scope.column(names[1]).keys())
    return f"({' + '.join(f'{scope.text(names[0], key)} * {scope.text(names[1], key)}' for key in keys)})"


def _aqi(scope: _Scope, names: list[str]) -> Decimal:
    weighted, covered = scope.column(names[0]), scope.column(names[1])
    try:
        return Decimal(air_quality_index(weighted, covered).index)
    except AqiError as error:
        raise _Undetermined from error


def _print_aqi(scope: _Scope, names: list[str]) -> str:
    weighted, covered = scope.column(names[0]), scope.column(names[1])
    return print_index(weighted, covered, lambda key: f"{scope.text(names[0], key)} / {scope.text(names[1], key)}")


def _note_aqi(scope: _Scope, names: list[str]) -> Note:
    found = air_quality_index(scope.column(names[0]), scope.column(names[1]))
    words = [found.edition.edition]
    words += [f"main {found.main}"] if found.main else []
    words += ["above the hourly table"] if found.above_table else []
    words += ["indicative"] if any(scope.column(names[2]).values()) else []
    return Note(", ".join(words), found.above_table)


#: Every function a formula may call.
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "argmax": Function(_argmax, _print_argmax, 2),
        "nearest_rank": Function(_nearest_rank, _print_nearest_rank, 2),
        "sum_where": Function(_sum_where, _print_sum_where, 4),
        "largest": Function(_largest, _print_largest, 1),
        "smallest": Function(_smallest, _print_smallest, 1),
        "sum_product": Function(_sum_product, _print_sum_product, 2),
        "aqi": Function(_aqi, _print_aqi, 3, _note_aqi),
    }
)

_OPERATORS: Mapping[type[ast.operator], str] = MappingProxyType({ast.Add: "+", ast.Sub: "-", ast.Mult: "*"})


@cache
def _parse(text: str) -> ast.expr:
    """The checked syntax tree of a formula."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"expected an expression, got {text!r}") from error
    inner = [tree.left, tree.right] if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) else [tree]
    for part in inner:
        _check(part, text)
    return tree


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Name():
            return
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            _check(left, text)
            _check(right, text)
        case ast.Call(func=ast.Name(id="abs"), args=[argument], keywords=[]):
            _check(argument, text)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            wanted = FUNCTIONS[name].arguments
            if len(arguments) != wanted or not all(isinstance(argument, ast.Name) for argument in arguments):
                raise ExpressionError(f"{name} takes {wanted} names, got {ast.unparse(node)!r}")
        case _:
            raise ExpressionError(f"{ast.unparse(node)!r} may not stand in the formula {text!r}")


def names_in(text: str) -> set[str]:
    """Returns the terms and parameters that a formula names.

    Raises:
        ExpressionError: the text is not a formula.
    """
    tree = _parse(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def evaluate(text: str, terms: Terms, parameters: Parameters) -> Ratio | None:
    """Returns the exact value as numerator and denominator (> 0); None: undetermined."""
    tree, scope = _parse(text), _Scope(terms, parameters)
    try:
        with localcontext(EXACT):
            if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div)):
                return Ratio(_value(tree, scope), Decimal(1))
            numerator, denominator = _value(tree.left, scope), _value(tree.right, scope)
    except _Undetermined:
        return None
    return Ratio(numerator, denominator) if denominator > 0 else None


def _value(node: ast.expr, scope: _Scope) -> Decimal:
    match node:
        case ast.Name(id=name):
            return scope.total(name)
        case ast.Constant(value=value):
            return Decimal(str(value))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left, scope) + _value(right, scope)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left, scope) - _value(right, scope)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left, scope) * _value(right, scope)
        case ast.Call(func=ast.Name(id="abs"), args=[argument]):
            return abs(_value(argument, scope))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name].value(
                scope, [argument.id for argument in arguments if isinstance(argument, ast.Name)]
            )
    raise ExpressionError(ast.unparse(node))


def total(terms: Terms, name: str) -> Decimal | None:
    """Returns the sum of a term over its keys; None: no row says anything."""
    with localcontext(EXACT):
        try:
            return _Scope(terms, {}).total(name)
        except _Undetermined:
            return None


def note(text: str, terms: Terms, parameters: Parameters) -> Note | None:
    """Returns what the formula's function says about its value; None: the number says it all."""
    match _parse(text):
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
            tell = FUNCTIONS[name].note
            names = [argument.id for argument in arguments if isinstance(argument, ast.Name)]
            return tell(_Scope(terms, parameters), names) if tell else None
    return None


def render(text: str, terms: Terms, parameters: Parameters, spell: Spell | None = None) -> str:
    """Returns the formula with numbers for its names; whoever evaluates the text gets the value.

    Args:
        text: the formula.
        terms: sums per key.
        parameters: in force for the window.
        spell: prints a term, for example as the sum of its hours; None: as its total.
    """
    with localcontext(EXACT):
        return _text(_parse(text), _Scope(terms, parameters, spell))


def _text(node: ast.expr, scope: _Scope) -> str:
    match node:
        case ast.Name(id=name):
            return scope.text(name, None)
        case ast.Constant(value=value):
            return str(value)
        case ast.BinOp(left=left, op=operator, right=right):
            sign = "/" if isinstance(operator, ast.Div) else _OPERATORS[type(operator)]
            return f"{_operand(left, scope)} {sign} {_operand(right, scope)}"
        case ast.Call(func=ast.Name(id="abs"), args=[argument]):
            return f"abs({_text(argument, scope)})"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name].text(
                scope, [argument.id for argument in arguments if isinstance(argument, ast.Name)]
            )
    raise ExpressionError(ast.unparse(node))


def _operand(node: ast.expr, scope: _Scope) -> str:
    text = _text(node, scope)
    return f"({text})" if isinstance(node, ast.BinOp) else text
