"""What formulas in lavaan's language say: rows with modifiers, defined parameters and constraints."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, final

from lark import Token, Tree

from semnan.errors import ModelError
from semnan.model.expression import FUNCTIONS, Binary, Call, Constraint, Defined, Expression, Name, Negative, Number
from semnan.model.expression import affine
from semnan.model.syntax import Fault, Node, is_tree, place, symbol, syntax_trees

MAX_ROWS = 200_000
MAX_DEPTH = 100
#: Words of R that can be no name.
RESERVED = frozenset(
    "if else repeat while function for in next break TRUE FALSE NULL Inf NaN NA "
    "NA_integer_ NA_real_ NA_character_ NA_complex_".split()
)
_NUMERIC = {"start": "start", "lower": "lower", "upper": "upper", "fixed": "fixed"}
_TEXTUAL = {"label": "label", "equal": "equal"}
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
    Fault
        Where the text is not lavaan's language, or says what is not supported or contradicts itself.

    """
    rows: dict[tuple[str, ...], Row] = {}
    defined: list[tuple[Defined, int]] = []
    constraints: list[tuple[Constraint, int]] = []
    for tree in syntax_trees(text):
        left, token, right = tree.children
        operator = symbol(token)
        if operator == ":=":
            defined.append((Defined(_defined_name(left), _expression(right)), place(left)))
        elif operator in ("==", "<", ">"):
            constraints.append((Constraint(_expression(left), operator, _expression(right)), place(left)))
        else:
            _collect(rows, left, operator, right)
    if not (rows or defined or constraints):
        raise Fault(0, "the model text has no formula")
    return ModelText(tuple(rows.values()), tuple(defined), tuple(constraints))


def _collect(rows: dict[tuple[str, ...], Row], left: Node, operator: str, right: Node) -> None:
    """Add the rows of a formula; a pair that was mentioned before gets the further modifiers."""
    lefts, rights = list(_terms(left)), list(_terms(right))
    if len(rows) + len(lefts) * len(rights) > MAX_ROWS:
        raise Fault(place(left), f"the model has more than {MAX_ROWS} rows")
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
                raise Fault(new.at, f"this pair of variables already has another `{new.kind}` modifier: keep one")
            return
    modifiers.append(new)


def _terms(side: Node) -> Iterator[Node]:
    """What stands between the plus signs of one side."""
    if not (is_tree(side) and side.data == "sum"):
        yield _unsigned(side)
        return
    yield _unsigned(side.children[0])
    for sign, term in zip(side.children[1::2], side.children[2::2], strict=True):
        if symbol(sign) != "+":
            raise Fault(place(sign), "variables are joined by `+`: for a fixed value of -1, write -1*x")
        yield _unsigned(term)


def _unsigned(term: Node) -> Node:
    """A leading plus says nothing."""
    while is_tree(term) and term.data == "signed" and symbol(term.children[0]) == "+":
        term = term.children[1]
    return term


def _left_name(term: Node) -> str:
    if is_tree(term) and term.data == "product":
        head = term.children[0]
        _check_call(head)
        raise Fault(place(term), "modifiers stand on the right of the operator, before the variable they are about")
    return _variable(term)


def _variable(term: Node) -> str:
    if is_tree(term) or term.type != "NAME":
        raise Fault(place(term), "expected the name of a variable here")
    return _name(term)


def _name(token: Token) -> str:
    if token in RESERVED:
        raise Fault(place(token), f"`{token}` is a reserved word and no name")
    return str(token)


def _row(lhs: str, operator: str, term: Node) -> Row:
    """The row of one term: modifiers, and last the variable."""
    parts, separators = _split(term)
    modifiers: list[Numbers | Texts] = []
    for part, separator in zip(parts, separators, strict=False):
        _add(modifiers, _modifier(part, starts=separator == "?"))
    last = parts[-1]
    if not is_tree(last) and last.type == "NUMBER":
        return _numbered(lhs, operator, last, tuple(modifiers))
    rhs = _variable(last)
    if operator == "=~" and rhs == lhs:
        raise Fault(place(last), f"the latent {lhs!r} cannot measure itself")
    return Row(lhs, operator, rhs, place(term), tuple(modifiers))


def _numbered(lhs: str, operator: str, token: Token, modifiers: tuple[Numbers | Texts, ...]) -> Row:
    """``x ~ 1`` is an intercept, ``x ~ 0`` one fixed to zero, ``f =~ 0`` a latent without indicators."""
    number, at = float(token), place(token)
    if operator == "~" and number == 1:
        return Row(lhs, "~1", "", at, modifiers)
    if number == 0 and not modifiers:
        if operator == "~":
            return Row(lhs, "~1", "", at, (Numbers("fixed", (0.0,), at),))
        if operator == "=~":
            return Row(lhs, "=~", lhs, at, (Numbers("fixed", (0.0,), at),))
    told = ", or 1 for an intercept" if operator == "~" else ""
    raise Fault(at, f"expected the name of a variable here{told}, found {str(token)!r}")


def _split(term: Node) -> tuple[list[Node], list[str]]:
    """The factors of a term, and the `*` or `?` after each of them; a quotient such as 1/3 is one factor."""
    if not (is_tree(term) and term.data == "product"):
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
    while is_tree(node) and node.data == "group":
        node = node.children[0]
    if starts:
        return _numbers("start", _items(node), at)
    if is_tree(node) and node.data == "call":
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
    if not (is_tree(node) and node.data == "call"):
        return None
    function = str(node.children[0])
    if function in _REFUSED:
        raise Fault(place(node), f"{_REFUSED[function]} are not supported")
    if function not in {*_NUMERIC, *_TEXTUAL, *FUNCTIONS, "c"}:
        known = ", ".join([*_NUMERIC, *_TEXTUAL, "c"])
        raise Fault(place(node), f"{function}() is no modifier that is known here: use one of {known}")
    return function


def _items(node: Node) -> list[Node]:
    """The entries of c(…), or the one thing there is."""
    if is_tree(node) and node.data == "call" and node.children[0] == "c":
        return list(node.children[1:])
    return [node]


def _is_text(item: Node) -> bool:
    return not is_tree(item) and (item.type == "STRING" or (item.type == "NAME" and item not in RESERVED))


def _texts(kind: str, items: list[Node], at: int) -> Texts:
    return Texts(kind, tuple(map(_text, items)), at)


def _text(item: Node) -> str | None:
    if not is_tree(item) and item == "NA":
        return None
    if is_tree(item) or not _is_text(item):
        raise Fault(place(item), "expected a label here: a name, or text in quotes")
    return (item[1:-1] if item.type == "STRING" else str(item)) or None


def _numbers(kind: str, items: list[Node], at: int) -> Numbers:
    return Numbers(kind, tuple(_number(item, infinite=kind in ("lower", "upper")) for item in items), at)


def _number(item: Node, *, infinite: bool) -> float | None:
    """The value of arithmetic without names; None for `NA`."""
    if not is_tree(item) and item == "NA":
        return None
    if infinite and (bound := _infinite(item)) is not None:
        return bound
    try:
        form = affine(_expression(item))
    except ModelError as error:
        raise Fault(place(item), str(error)) from None
    if form is None or form[0]:
        raise Fault(place(item), "expected a number here")
    if not math.isfinite(form[1]):
        raise Fault(place(item), f"this number is {form[1]}: it has to be finite")
    return form[1]


def _infinite(item: Node) -> float | None:
    if not is_tree(item):
        return math.inf if item == "Inf" else None
    negative = item.data == "signed" and item.children[1] == "Inf"
    return (-math.inf if symbol(item.children[0]) == "-" else math.inf) if negative else None


def _defined_name(node: Node) -> str:
    if is_tree(node) or node.type != "NAME":
        raise Fault(place(node), "expected one name on the left of `:=`")
    return _name(node)


def _expression(node: Node, depth: int = 0) -> Expression:
    """Arithmetic as a tree of expressions; `depth` is how many of these it stands in already."""
    if depth > MAX_DEPTH:
        raise Fault(place(node), f"arithmetic deeper than {MAX_DEPTH} steps: name a part of it with `:=`")
    if not is_tree(node):
        return _leaf(node)
    if node.data == "group":
        return _expression(node.children[0], depth + 1)
    if node.data == "signed":
        return _signed(symbol(node.children[0]), node.children[1], depth)
    if node.data == "call":
        return _called(node, depth)
    if node.data == "power":
        base, exponent = (_expression(child, depth + 1) for child in node.children)
        return Binary(base, "^", exponent)
    return _chain(node.children, depth)


def _leaf(token: Token) -> Expression:
    if token.type == "NAME":
        return Name(_name(token))
    if token.type == "STRING":
        raise Fault(place(token), "expected a name or a number here, found text in quotes")
    if not math.isfinite(float(token)):
        raise Fault(place(token), "this number is beyond floating point")
    return Number(float(token))


def _signed(sign: str, inner: Node, depth: int) -> Expression:
    value = _expression(inner, depth + 1)
    if sign == "+":
        return value
    # A minus before digits is a part of the number, so that numbers print and read as themselves.
    digits = not is_tree(inner) and isinstance(value, Number)
    return Number(-value.value) if digits and isinstance(value, Number) else Negative(value)


def _called(node: Tree[Token], depth: int) -> Expression:
    function, arguments = str(node.children[0]), node.children[1:]
    if function not in FUNCTIONS or len(arguments) != 1:
        raise Fault(place(node), f"{function}() is no function of one number known here: use {', '.join(FUNCTIONS)}")
    return Call(function, _expression(arguments[0], depth + 1))


def _chain(children: list[Node], depth: int) -> Expression:
    """``a - b + c``, or the same with times and divide, from the left."""
    operators = [symbol(sign) for sign in children[1::2]]
    if "?" in operators:
        raise Fault(place(children[1 + 2 * operators.index("?")]), "`?` gives a start, and stands before a variable")
    # The first operand ends up the deepest.
    height = depth + len(operators)
    value = _expression(children[0], height)
    for i, (operator, child) in enumerate(zip(operators, children[2::2], strict=True)):
        value = Binary(value, operator, _expression(child, height - i))
    return value
