"""Text in lavaan's language to syntax trees, and errors that show the line they are about."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from semnan.errors import ModelError

MAX_CHARACTERS = 1_000_000
_SHOWN = 100
_TOLD = 400
_REFUSED = {
    "<~": "formative latents and composites (`<~`) are",
    "~*~": "scaling factors (`~*~`) are",
    "%": "the operator `%` is",
    ":": "blocks (`group:`, `level:`) and interactions (`a:b`) are",
}
_SYMBOL = re.compile(r"[^\s#!]+")
_HINTS = {
    '"': "this quote is not closed on its line",
    "'": "this quote is not closed on its line",
    "=": "a lone `=` is no operator: use =~, == or :=",
    "_": "a name starts with a letter or a dot, not with `_`",
}

Node = Tree[Token] | Token


class TextError(Exception):
    """Something wrong at a place of the text. It becomes a `ModelError` where the text is known."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


def located(text: str, fault: TextError) -> ModelError:
    """The error of a fault: line, column, what is wrong, and the line itself."""
    at = min(fault.at, len(text))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    number, column = text.count("\n", 0, at) + 1, at - start
    first = max(0, column - _SHOWN // 2)
    line = text[start : end if end >= 0 else len(text)][first : first + _SHOWN]
    shown = "".join(char if char.isprintable() else " " for char in line).rstrip()
    told = str(fault) if len(str(fault)) <= _TOLD else f"{str(fault)[:_TOLD]} …"
    return ModelError(f"line {number}, column {column + 1}: {told}\n    {shown}\n    {' ' * (column - first)}^")


def syntax_trees(text: str) -> list[Tree[Token]]:
    """One tree for each formula: left side, operator, right side.

    Raises
    ------
    TextError
        Where the text is not lavaan's language, with what was expected there.

    """
    # An old word processor's tilde, which lavaan takes too.
    text = text.replace("\u02dc", "~")
    try:
        root = _parser().parse(text + "\n")
    except UnexpectedCharacters as error:
        raise _unexpected_character(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        raise _unexpected_token(text, error) from None
    return [child for child in root.children if isinstance(child, Tree)]


def place(node: Node) -> int:
    """Where the first character of a node stands."""
    while isinstance(node, Tree):
        node = node.children[0]
    assert isinstance(node, Token)
    return (node.start_pos or 0) + len(node) - len(node.lstrip())


def symbol(token: Node) -> str:
    """The operator or sign in a token, which holds the blanks and comments around it too."""
    found = _SYMBOL.search(str(token))
    assert found is not None
    return found.group()


@cache
def _parser() -> Lark:
    grammar = (files("semnan.model") / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", lexer_callbacks={"REFUSED": _refuse})


def _refuse(token: Token) -> Token:
    raise TextError(place(token), f"{_REFUSED[symbol(token)]} not supported")


def _unexpected_character(text: str, at: int) -> TextError:
    if text[max(at - 1, 0) : at + 1] in ("<=", ">="):
        return TextError(at, "inequalities are written `<` and `>`: they hold with equality too")
    return TextError(at, _HINTS.get(text[at], f"{text[at]!r} has no meaning in a model text"))


def _unexpected_token(text: str, error: UnexpectedToken) -> TextError:
    token = error.token
    if token.type == "$END":
        return TextError(len(text.rstrip()), f"expected {_expected(error)}, found the end of the text")
    if token.type == "_END":
        return TextError(token.start_pos or 0, f"expected {_expected(error)}, found the end of the line")
    return TextError(place(token), f"expected {_expected(error)}, found {symbol(token)!r}")


def _expected(error: UnexpectedToken) -> str:
    if "NAME" in error.expected:
        return "a name or a number"
    # What the parser has read of this formula and not yet put together.
    open_tokens = [
        value.type for value in error.interactive_parser.parser_state.value_stack if isinstance(value, Token)
    ]
    if "_OPEN" in open_tokens:
        return "`)` or more arithmetic"
    if "OPERATOR" in open_tokens:
        return "`+`, `*` or the end of the line"
    return "an operator (=~, ~, ~~, |, :=, ==, < or >)"
