"""Path models as text in lavaan's language, every row written out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from semnan.errors import ModelError
from semnan.model.arithmetic import is_plain_name
from semnan.model.expression import Expression, names, number_text
from semnan.model.parameter import Kind, Parameter
from semnan.model.path_model import PathModel

_WIDTH = 100
#: A row in every group of the model, or None in a group that has no such row.
_Rows = list[Parameter | None]
_Pair = tuple[str, str, str]


def model_text(model: PathModel) -> str:
    """The model in lavaan's language: ``compile_text(text, function="lavaan", groups=model.groups)`` is it again.

    What that language has no words for is written as the same model in other words. A row that only some groups have
    is zero in the others; a root without a variance has the variance zero; starts and bounds of fixed rows are left
    out; all paths of a latent that has no loadings become its loadings; ``label < number`` becomes a bound; and the
    variables and the two sides of a covariance may change their order.

    Raises
    ------
    ModelError
        If a name or label cannot be written, or a covariate has no path.

    """
    _check_writable(model)
    pairs = _pairs(model)
    terms = [(pair[0], pair[1], _term(pair, rows)) for pair, rows in pairs.items()]
    lines = [
        _formula(f"{lhs} {operator} ", [term for *_, term in group])
        for (lhs, operator), group in groupby(terms, key=lambda term: term[:2])
    ]
    measured = {pair[0] for pair in pairs if pair[1] == "=~"}
    lines += [f"{name} =~ 0" for name in model.latents if name not in measured]
    lines += [f"{name} ~~ 0*{name}" for name in _unmentioned(model)]
    lines += [_formula(f"{o.name} | ", (f"t{k}" for k in range(1, o.thresholds + 1))) for o in model.ordered]
    return "\n".join([*lines, *map(str, model.defined), *map(str, model.constraints)]) + "\n"


def _pairs(model: PathModel) -> dict[_Pair, _Rows]:
    """The rows of all groups by left side, operator and right side."""
    measured = {row.source for row in model.parameters if row.loading}
    place: dict[str | None, int] = {name: i for i, name in enumerate(model.groups or (None,))}
    pairs: dict[_Pair, _Rows] = {}
    for row in model.parameters:
        pair = _pair(row, loading=row.loading or (row.source in model.latents and row.source not in measured))
        if row.kind is Kind.COVARIANCE and (turned := (pair[2], pair[1], pair[0])) in pairs:
            pair = turned
        pairs.setdefault(pair, [None] * len(place))[place[row.group]] = row
    return pairs


def _pair(row: Parameter, *, loading: bool) -> _Pair:
    if row.kind is Kind.INTERCEPT:
        return row.target, "~", "1"
    if row.kind is Kind.COVARIANCE:
        return row.source, "~~", row.target
    return (row.source, "=~", row.target) if loading else (row.target, "~", row.source)


def _unmentioned(model: PathModel) -> Iterator[str]:
    """Visibles in no row, and roots that would be taken for covariates."""
    mentioned = {row.target for row in model.parameters} | {*model.exogenous}
    mentioned |= {row.source for row in model.parameters if row.kind is not Kind.PATH}
    return (name for name in model.visibles if name not in mentioned)


def _formula(head: str, terms: Iterable[str]) -> str:
    """Terms joined by plus signs, in lines of moderate length."""
    lines, line = [], head
    for i, term in enumerate(terms):
        if i and len(line) + len(term) > _WIDTH:
            lines.append(line)
            line = "    "
        line += f"+ {term} " if i else f"{term} "
    return "\n".join(part.rstrip() for part in [*lines, line])


def _term(pair: _Pair, rows: _Rows) -> str:
    """The right side, once for each of its modifiers."""
    return " + ".join(f"{modifier}*{pair[2]}" for modifier in _modifiers(rows)) or pair[2]


def _modifiers(rows: _Rows) -> Iterator[str]:
    free = [row if row is not None and row.fixed is None else None for row in rows]
    if not all(free):
        yield _vector(["NA" if row is not None else _fixed(known) for row, known in zip(free, rows, strict=True)])
    if any(row is not None and row.label for row in rows):
        yield _labels([None if row is None else row.label for row in rows])
    if any(row is not None and row.start is not None for row in free):
        yield f"start({_vector([_number(None if row is None else row.start) for row in free])})"
    if any(row is not None and row.lower > -math.inf for row in free):
        yield f"lower({_vector([_number(-math.inf if row is None else row.lower) for row in free])})"
    if any(row is not None and row.upper < math.inf for row in free):
        yield f"upper({_vector([_number(math.inf if row is None else row.upper) for row in free])})"


def _fixed(row: Parameter | None) -> str:
    return "0" if row is None else _number(row.fixed)


def _number(value: float | None) -> str:
    if value is None:
        return "NA"
    return number_text(value).replace("inf", "Inf")


def _vector(values: Sequence[str]) -> str:
    """One value for all groups, or one for each."""
    return values[0] if len(set(values)) == 1 else f"c({', '.join(values)})"


def _labels(labels: Sequence[str | None]) -> str:
    if all(label is not None and is_plain_name(label) for label in labels):
        return _vector([label or "" for label in labels])
    quoted = _vector([_quoted(label or "") for label in labels])
    return quoted if quoted.startswith("c(") else f"label({quoted})"


def _quoted(label: str) -> str:
    mark = "'" if '"' in label else '"'
    if mark in label or "\n" in label:
        raise ModelError(f"the label {label!r} cannot be written in lavaan's language: rename it")
    return f"{mark}{label}{mark}"


def _check_writable(model: PathModel) -> None:
    if any(item.shared for item in model.ordered):
        raise ModelError("thresholds that groups share cannot be written in a text: give group_equal=['thresholds', …]")
    for name in (*model.visibles, *model.latents):
        if not is_plain_name(name):
            raise ModelError(f"the variable {name!r} cannot be written in lavaan's language: rename it")
    sources = {row.source for row in model.parameters if row.kind is Kind.PATH}
    for name in model.exogenous:
        if name not in sources:
            raise ModelError(f"the covariate {name!r} has no path, so that lavaan's language cannot name it")
    for name in _used_names(model):
        if not is_plain_name(name):
            raise ModelError(f"{name!r} cannot be written in arithmetic: give that parameter a label that is a name")


def _used_names(model: PathModel) -> Iterator[str]:
    expressions: list[Expression] = [defined.expression for defined in model.defined]
    for constraint in model.constraints:
        expressions += [constraint.left, constraint.right]
    yield from (defined.name for defined in model.defined)
    for expression in expressions:
        yield from names(expression)
