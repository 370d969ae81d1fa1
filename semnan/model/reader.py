"""What formulas in lavaan's language say: rows with modifiers, defined parameters and constraints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, final

from lark import Token, Tree

from semnan.model.arithmetic import RESERVED, expression, number, plain_name
from semnan.model.expression import FUNCTIONS, Constraint, Defined
from semnan.model.syntax import Node, TextError, place, symbol, syntax_trees

MAX_ROWS = 200_000
_NUMERIC = ("start", "lower", "upper", "fixed")
_TEXTUAL = ("label", "equal")
_REFUSED = {"efa": "exploratory blocks (`efa()`)", "rv": "random slopes (`rv()`)", "prior": "priors (`prior()`)"}


@final
class Numbers(NamedTuple):
    """``fixed``, ``start``, ``lower`` or ``upper``: one value, or one for each group; None where it is `NA`."""

    kind: str
    values: tuple[float | None, ...]
    at: int

    def of(self, group: int) -> float | None:
        return self.values[group if len(self.values) > 1 else 0]


@final
class Texts(NamedTuple):
    """``label`` or ``equal``: one for all groups, or one for each; None where there is none."""

    kind: str
    values: tuple[str | None, ...]
    at: int

    def of(self, group: int) -> str | None:
        return self.values[group if len(self.values) > 1 else 0]


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One pair of variables under one operator (``=~``, ``~``, ``~~`` or ``~1``), and where it was first mentioned."""

    lhs: str
    op: str
    rhs: str
    at: int
    modifiers: tuple[Numbers | Texts, ...] = ()


@final
@dataclass(frozen=True)
class ModelText:
    """A model text that has been read, before any default. Definitions and constraints come with their places."""

    rows: tuple[Row, ...]
    defined: tuple[tuple[Defined, int], ...]
    constraints: tuple[tuple[Constraint, int], ...]


def read(text: str) -> ModelText:
    """Read a text.

    Raises
    ------
    TextError
        Where the text is not lavaan's language, or says what is not supported or contradicts itself.

    """
    rows: dict[tuple[str, ...], Row] = {}
    defined: list[tuple[Defined, int]] = []
    constraints: list[tuple[Constraint, int]] = []
    for tree in syntax_trees(text):
        left, token, right = tree.children
        operator = symbol(token)
        if operator == ":=":
            defined.append((Defined(_defined_name(left), expression(right)), place(left)))
        elif operator in ("==", "<", ">"):
            constraints.append((Constraint(expression(left), operator, expression(right)), place(left)))
        else:
            _collect(rows, left, operator, right)
    if not (rows or defined or constraints):
        raise TextError(0, "the model text has no formula")
    return ModelText(tuple(rows.values()), tuple(defined), tuple(constraints))


def _collect(rows: dict[tuple[str, ...], Row], left: Node, operator: str, right: Node) -> None:
    """Add the rows of a formula; a pair that was mentioned before gets the further modifiers."""
    lefts, rights = list(_terms(left)), list(_terms(right))
    if len(rows) + len(lefts) * len(rights) > MAX_ROWS:
        raise TextError(place(left), f"the model has more than {MAX_ROWS} rows")
    for name in map(_left_name, lefts):
        for term in rights:
            row = _row(name, operator, term)
            key = (operator, *sorted((row.lhs, row.rhs))) if operator == "~~" else (row.op, row.lhs, row.rhs)
            before = rows.get(key)
            rows[key] = row if before is None else _merged(before, row)


def _merged(before: Row, row: Row) -> Row:
    modifiers = list(before.modifiers)
    for modifier in row.modifiers:
        _add(modifiers, modifier)
    return replace(before, modifiers=tuple(modifiers))


def _add(modifiers: list[Numbers | Texts], new: Numbers | Texts) -> None:
    for old in modifiers:
        if old.kind == new.kind:
            if old.values != new.values:
                raise TextError(new.at, f"this pair of variables already has another `{new.kind}` modifier: keep one")
            return
    modifiers.append(new)


def _terms(side: Node) -> Iterator[Node]:
    """What stands between the plus signs of one side."""
    if not (isinstance(side, Tree) and side.data == "sum"):
        yield _unsigned(side)
        return
    yield _unsigned(side.children[0])
    for sign, term in zip(side.children[1::2], side.children[2::2], strict=True):
        if symbol(sign) != "+":
            raise TextError(place(sign), "variables are joined by `+`: for a fixed value of -1, write -1*x")
        yield _unsigned(term)


def _unsigned(term: Node) -> Node:
    """A leading plus says nothing."""
    while isinstance(term, Tree) and term.data == "signed" and symbol(term.children[0]) == "+":
        term = term.children[1]
    return term


def _left_name(term: Node) -> str:
    if isinstance(term, Tree) and term.data == "product":
        head = term.children[0]
        _check_call(head)
        raise TextError(place(term), "modifiers stand on the right of the operator, before the variable they are about")
    return _variable(term)


def _variable(term: Node) -> str:
    if isinstance(term, Tree) or term.type != "NAME":
        raise TextError(place(term), "expected the name of a variable here")
    return plain_name(term)


def _row(lhs: str, operator: str, term: Node) -> Row:
    """The row of one term: modifiers, and last the variable."""
    parts, separators = _split(term)
    modifiers: list[Numbers | Texts] = []
    for part, separator in zip(parts, separators, strict=False):
        _add(modifiers, _modifier(part, starts=separator == "?"))
    last = parts[-1]
    if isinstance(last, Token) and last.type == "NUMBER":
        return _numbered(lhs, operator, last, tuple(modifiers))
    rhs = _variable(last)
    if operator == "=~" and rhs == lhs:
        raise TextError(place(last), f"the latent {lhs!r} cannot measure itself")
    return Row(lhs, operator, rhs, place(term), tuple(modifiers))


def _numbered(lhs: str, operator: str, token: Token, modifiers: tuple[Numbers | Texts, ...]) -> Row:
    """``x ~ 1`` is an intercept, ``x ~ 0`` one fixed to zero, ``f =~ 0`` a latent without indicators."""
    value, at = float(token), place(token)
    if operator == "~" and value == 1:
        return Row(lhs, "~1", "", at, modifiers)
    if value == 0 and not modifiers:
        if operator == "~":
            return Row(lhs, "~1", "", at, (Numbers("fixed", (0.0,), at),))
        if operator == "=~":
            return Row(lhs, "=~", lhs, at, (Numbers("fixed", (0.0,), at),))
    told = ", or 1 for an intercept" if operator == "~" else ""
    raise TextError(at, f"expected the name of a variable here{told}, found {str(token)!r}")


def _split(term: Node) -> tuple[list[Node], list[str]]:
    """The factors of a term, and the `*` or `?` after each of them; a quotient such as 1/3 is one factor."""
    if not (isinstance(term, Tree) and term.data == "product"):
        return [term], []
    parts, separators, factor = [], [], [term.children[0]]
    for sign, operand in zip(term.children[1::2], term.children[2::2], strict=True):
        separator = symbol(sign)
        if separator == "/":
            factor += [sign, operand]
            continue
        parts.append(_quotient(factor))
        separators.append(separator)
        factor = [operand]
    return [*parts, _quotient(factor)], separators


def _quotient(factor: list[Node]) -> Node:
    return factor[0] if len(factor) == 1 else Tree("product", list(factor))


def _modifier(node: Node, *, starts: bool) -> Numbers | Texts:
    """What stands before `*`, or before `?` if it is about a start."""
    at = place(node)
    while isinstance(node, Tree) and node.data == "group":
        node = node.children[0]
    if starts:
        return _numbers("start", _items(node), at)
    if isinstance(node, Tree) and node.data == "call":
        function, arguments = _check_call(node), node.children[1:]
        if function in _NUMERIC:
            return _numbers(function, [item for argument in arguments for item in _items(argument)], at)
        if function in _TEXTUAL:
            return _texts(function, [item for argument in arguments for item in _items(argument)], at)
    items = _items(node)
    if any(_is_text(item) for item in items):
        return _texts("label", items, at)
    return _numbers("fixed", items, at)


def _check_call(node: Node) -> str | None:
    """The function a node calls, if it is one that may stand before a variable."""
    if not (isinstance(node, Tree) and node.data == "call"):
        return None
    function = str(node.children[0])
    if function in _REFUSED:
        raise TextError(place(node), f"{_REFUSED[function]} are not supported")
    if function not in {*_NUMERIC, *_TEXTUAL, *FUNCTIONS, "c"}:
        known = ", ".join([*_NUMERIC, *_TEXTUAL, "c"])
        raise TextError(place(node), f"{function}() is no modifier that is known here: use one of {known}")
    return function


def _items(node: Node) -> list[Node]:
    """The entries of c(…), or the one thing there is."""
    if isinstance(node, Tree) and node.data == "call" and node.children[0] == "c":
        return list(node.children[1:])
    return [node]


def _is_text(item: Node) -> bool:
    return isinstance(item, Token) and (item.type == "STRING" or (item.type == "NAME" and item not in RESERVED))


def _texts(kind: str, items: list[Node], at: int) -> Texts:
    return Texts(kind, tuple(map(_text, items)), at)


def _text(item: Node) -> str | None:
    if isinstance(item, Token) and item == "NA":
        return None
    if isinstance(item, Tree) or not _is_text(item):
        raise TextError(place(item), "expected a label here: a name, or text in quotes")
    return (item[1:-1] if item.type == "STRING" else str(item)) or None


def _numbers(kind: str, items: list[Node], at: int) -> Numbers:
    return Numbers(kind, tuple(number(item, infinite=kind in ("lower", "upper")) for item in items), at)


def _defined_name(node: Node) -> str:
    if isinstance(node, Tree) or node.type != "NAME":
        raise TextError(place(node), "expected one name on the left of `:=`")
    return plain_name(node)
