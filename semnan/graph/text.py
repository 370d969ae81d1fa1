"""Graphs as text: `latent U; U -> X, Y; X -> M -> Y`.

Statements are separated by `;` or a new line; `#` starts a comment. `A, B -> C -> D` is a chain of groups,
`A <- B` points left, `A <-> B` stands for a confounder with these two children. The words `latent`,
`visible`, `noiseless` (no private latent) and `do` (set by an intervention) declare variables. A name with
anything but letters, digits, `_` and `.` is put in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import final

from semnan.errors import GraphError
from semnan.graph.diagram import Edge

MAX_CHARACTERS = 5_000_000
MAX_EDGES = 1_000_000
KEYWORDS = ("latent", "visible", "noiseless", "do")
BARE_NAME = re.compile(r"[\w.]+")
_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\f]+|\#[^\n]*)|(?P<arrow><->|->|<-)|(?P<comma>,)|(?P<end>;|\n)"
    r'|"(?P<quoted>[^"\n]*)"|(?P<bare>[\w.]+)'
)


@final
@dataclass(frozen=True)
class Token:
    """A piece of the text and where it stands (line and column count from one)."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def is_name(self) -> bool:
        return self.kind in ("bare", "quoted")


@final
@dataclass
class Statements:
    """What a text says, before any check of the graph it draws. Dictionaries keep the order of mention."""

    mentioned: dict[str, None] = field(default_factory=dict)
    declared: dict[str, dict[str, None]] = field(default_factory=lambda: {word: {} for word in KEYWORDS})
    edges: list[Edge] = field(default_factory=list)
    arcs: list[Edge] = field(default_factory=list)


def read_statements(text: str) -> Statements:
    """Read graph text into statements.

    Raises
    ------
    GraphError
        With line and column, and what was expected there.

    """
    if not isinstance(text, str):
        raise GraphError(f"a graph text is a string, got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise GraphError(f"the graph text has {len(text)} characters; the limit is {MAX_CHARACTERS}")
    statements = Statements()
    for tokens in _split(text):
        _read_statement(tokens, statements)
    return statements


def quote(name: str) -> str:
    """`name` as graph text writes it."""
    plain = BARE_NAME.fullmatch(name) and name not in KEYWORDS
    return name if plain else f'"{name}"'


def _tokens(text: str) -> Iterator[Token]:
    line, line_start, at = 1, 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        column = at - line_start + 1
        if match is None:
            raise GraphError(
                f"line {line}, column {column}: {text[at]!r} is not expected here; put unusual names in quotes"
            )
        kind = match.lastgroup or ""
        if kind != "blank":
            yield Token(kind, match.group(kind), line, column)
        at = match.end()
        if match.group() == "\n":
            line, line_start = line + 1, at
    yield Token("end", "", line, at - line_start + 1)


def _split(text: str) -> Iterator[list[Token]]:
    """The tokens of each statement; a line that ends in a comma or an arrow goes on in the next."""
    statement: list[Token] = []
    for token in _tokens(text):
        if token.kind != "end":
            statement.append(token)
        elif token.text == "\n" and statement and not statement[-1].is_name:
            continue
        elif statement:
            yield [*statement, token]
            statement = []


def _read_statement(tokens: list[Token], statements: Statements) -> None:
    word = tokens[0]
    if word.kind == "bare" and word.text in KEYWORDS and tokens[1].kind in ("bare", "quoted", "end"):
        names, at = _group(tokens, 1)
        _expect_end(tokens[at])
        for name in names:
            statements.mentioned.setdefault(name)
            statements.declared[word.text].setdefault(name)
        return
    groups, arrows = _chain(tokens)
    for name in (name for group in groups for name in group):
        statements.mentioned.setdefault(name)
    for (left, right), arrow in zip(pairwise(groups), arrows, strict=True):
        if len(left) * len(right) + len(statements.edges) + len(statements.arcs) > MAX_EDGES:
            raise GraphError(f"line {word.line}: the graph has more than {MAX_EDGES} edges")
        if arrow == "<-":
            left, right = right, left
        (statements.arcs if arrow == "<->" else statements.edges).extend(product(left, right))


def _chain(tokens: list[Token]) -> tuple[list[list[str]], list[str]]:
    first, at = _group(tokens, 0)
    groups, arrows = [first], []
    while tokens[at].kind == "arrow":
        arrows.append(tokens[at].text)
        group, at = _group(tokens, at + 1)
        groups.append(group)
    _expect_end(tokens[at])
    return groups, arrows


def _group(tokens: list[Token], at: int) -> tuple[list[str], int]:
    names = []
    while True:
        token = tokens[at]
        if not token.is_name:
            raise GraphError(
                f"line {token.line}, column {token.column}: expected a variable name, found {_shown(token)}"
            )
        names.append(token.text)
        at += 1
        if tokens[at].kind != "comma":
            return names, at
        at += 1


def _expect_end(token: Token) -> None:
    if token.kind != "end":
        raise GraphError(
            f"line {token.line}, column {token.column}: expected an arrow (->, <-, <->), a comma or the end of the "
            f"statement, found {_shown(token)}"
        )


def _shown(token: Token) -> str:
    return repr(token.text) if token.text.strip() else "the end of the statement"
