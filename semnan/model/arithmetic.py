"""Arithmetic in a model text: numbers, and expressions on labels."""

from __future__ import annotations

import math
import re

from lark import Token, Tree

from semnan.errors import ModelError
from semnan.model.expression import FUNCTIONS, Binary, Call, Expression, Name, Negative, Number, affine
from semnan.model.syntax import Node, TextError, place, symbol

# As in the grammar: letters of any script, digits, dots and underscores; first a letter, or a dot without a digit.
_NAME = re.compile(r"(?:[^\W\d_]|\.(?!\d))[\w.]*")
MAX_DEPTH = 100
_WORDS = ("if", "else", "repeat", "while", "function", "for", "in", "next", "break")
_CONSTANTS = ("TRUE", "FALSE", "NULL", "Inf", "NaN", "NA", "NA_integer_", "NA_real_", "NA_character_", "NA_complex_")
#: What is no name in R.
RESERVED = frozenset((*_WORDS, *_CONSTANTS))


def is_plain_name(text: str) -> bool:
    """Whether a model text can have this as a name without quotes."""
    return _NAME.fullmatch(text) is not None and text not in RESERVED


def plain_name(token: Token) -> str:
    if token in RESERVED:
        raise TextError(place(token), f"`{token}` is a reserved word and no name")
    return str(token)


def number(item: Node, *, infinite: bool) -> float | None:
    """The value of arithmetic without names; None for `NA`."""
    if isinstance(item, Token) and item == "NA":
        return None
    if infinite and (bound := _infinite(item)) is not None:
        return bound
    try:
        form = affine(expression(item))
    except ModelError as error:
        raise TextError(place(item), str(error)) from None
    if form is None or form[0]:
        raise TextError(place(item), "expected a number here")
    if not math.isfinite(form[1]):
        raise TextError(place(item), f"this number is {form[1]}: it has to be finite")
    return form[1]


def _infinite(item: Node) -> float | None:
    if isinstance(item, Token):
        return math.inf if item == "Inf" else None
    negative = item.data == "signed" and item.children[1] == "Inf"
    return (-math.inf if symbol(item.children[0]) == "-" else math.inf) if negative else None


def expression(node: Node, depth: int = 0) -> Expression:
    """Arithmetic as a tree of expressions; `depth` is how many of these it stands in already."""
    if depth > MAX_DEPTH:
        raise TextError(place(node), f"arithmetic deeper than {MAX_DEPTH} steps: name a part of it with `:=`")
    if isinstance(node, Token):
        return _leaf(node)
    if node.data == "group":
        return expression(node.children[0], depth + 1)
    if node.data == "signed":
        return _signed(symbol(node.children[0]), node.children[1], depth)
    if node.data == "call":
        return _called(node, depth)
    if node.data == "power":
        base, exponent = (expression(child, depth + 1) for child in node.children)
        return Binary(base, "^", exponent)
    return _chain(node.children, depth)


def _leaf(token: Token) -> Expression:
    if token.type == "NAME":
        return Name(plain_name(token))
    if token.type == "STRING":
        raise TextError(place(token), "expected a name or a number here, found text in quotes")
    if not math.isfinite(float(token)):
        raise TextError(place(token), "this number is beyond floating point")
    return Number(float(token))


def _signed(sign: str, inner: Node, depth: int) -> Expression:
    value = expression(inner, depth + 1)
    if sign == "+":
        return value
    # A minus before digits is a part of the number, so that numbers print and read as themselves.
    digits = isinstance(inner, Token) and isinstance(value, Number)
    return Number(-value.value) if digits and isinstance(value, Number) else Negative(value)


def _called(node: Tree[Token], depth: int) -> Expression:
    function, arguments = str(node.children[0]), node.children[1:]
    if function not in FUNCTIONS or len(arguments) != 1:
        raise TextError(
            place(node), f"{function}() is no function of one number known here: use {', '.join(FUNCTIONS)}"
        )
    return Call(function, expression(arguments[0], depth + 1))


def _chain(children: list[Node], depth: int) -> Expression:
    """``a - b + c``, or the same with times and divide, from the left."""
    operators = [symbol(sign) for sign in children[1::2]]
    if "?" in operators:
        raise TextError(
            place(children[1 + 2 * operators.index("?")]), "`?` gives a start, and stands before a variable"
        )
    # The first operand ends up the deepest.
    height = depth + len(operators)
    value = expression(children[0], height)
    for i, (operator, child) in enumerate(zip(operators, children[2::2], strict=True)):
        value = Binary(value, operator, expression(child, height - i))
    return value
