"""Random models and model texts."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from semnan import Parameter, PathModel
from semnan.model import Constraint, Defined, Kind
from semnan.model.expression import FUNCTIONS, Binary, Call, Expression, Name, Negative, Number
from tests.strategies import subsets

NAMES = ("x1", "x.2", ".y_3", "größe", "変数", "c", "start", "X4", "z", "NA.5", "if.", "label", "e1")
LABELS = ("a", "b_1", ".p3.", "β", "two words", "it's", 'a "b"', "NA", "#1", "f=~x")
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: value + 0.0)


def expressions(labels: list[str]) -> st.SearchStrategy[Expression]:
    """Arithmetic on labels."""
    leaves = st.one_of(st.sampled_from(labels).map(Name), NUMBERS.map(Number))
    return st.recursive(leaves, _grown, max_leaves=6)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(Negative),
        st.builds(Call, st.sampled_from(list(FUNCTIONS)), inner),
        st.builds(Binary, inner, st.sampled_from("+-*/^"), inner),
    )


@dataclass
class _Maker:
    """Rows of a random model. `kinds` has what rows with one label have in common."""

    draw: st.DrawFn
    groups: tuple[str, ...]
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def rows(self, kind: Kind, source: str, target: str, *, loading: bool = False) -> list[Parameter]:
        return [
            Parameter(kind=kind, source=source, target=target, group=group, loading=loading, **self._options())
            for group in self.groups or (None,)
        ]

    def _options(self) -> dict[str, Any]:
        if not self.draw(st.booleans()):
            return {}
        label = self.draw(st.sampled_from([None, *LABELS]))
        options = self.kinds.get(label) if label else None
        if options is None:
            options = {"label": label, **self.draw(st.one_of(_fixed(), _free()))}
        if label:
            self.kinds[label] = options
        return options


def _fixed() -> st.SearchStrategy[dict[str, Any]]:
    return st.floats(0, 1e9).map(lambda value: {"fixed": value})


def _free() -> st.SearchStrategy[dict[str, Any]]:
    bounds = st.sampled_from([{}, {"lower": 0.0}, {"upper": 1e3}, {"lower": -0.25, "upper": 1e3}])
    starts = st.sampled_from([{}, {"start": 0.5}, {"start": 1 / 3}])
    return st.builds(lambda bound, start: bound | start, bounds, starts)


@st.composite
def models(draw: st.DrawFn) -> PathModel:
    """Models that lavaan's language has all the words for."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=7, unique=True))
    hidden = draw(subsets(names[:-1]))
    visible = [name for name in names if name not in hidden]
    maker = _Maker(draw, draw(st.sampled_from([(), ("A", "B"), ("one", "two", "three")])))
    rows: list[Parameter] = []
    for a, b in draw(subsets(list(combinations(names, 2)))):
        rows += maker.rows(Kind.PATH, a, b, loading=a in hidden and draw(st.booleans()))
    # Every latent measures something.
    for name in hidden:
        if not any(row.loading and row.source == name for row in rows):
            rows = [row for row in rows if (row.source, row.target) != (name, names[-1])]
            rows += maker.rows(Kind.PATH, name, names[-1], loading=True)
    exogenous = draw(subsets(_roots(visible, rows)))
    others = [name for name in names if name not in exogenous]
    for name in others:
        rows += maker.rows(Kind.COVARIANCE, name, name)
    for a, b in draw(subsets(list(combinations(others, 2)))):
        rows += maker.rows(Kind.COVARIANCE, a, b)
    for name in draw(subsets(others)) if draw(st.booleans()) else []:
        rows += maker.rows(Kind.INTERCEPT, name, name)
    defined, constraints = draw(_arithmetic(rows))
    return PathModel(tuple(visible), tuple(hidden), tuple(rows), maker.groups, tuple(exogenous), defined, constraints)


def _roots(visible: list[str], rows: list[Parameter]) -> list[str]:
    """Visibles with children and without parents."""
    sources, targets = {row.source for row in rows}, {row.target for row in rows}
    return [name for name in visible if name in sources and name not in targets]


@st.composite
def _arithmetic(draw: st.DrawFn, rows: list[Parameter]) -> tuple[tuple[Defined, ...], tuple[Constraint, ...]]:
    labels = [row.label for row in rows if row.label in ("a", "b_1", ".p3.", "β")]
    if not labels:
        return (), ()
    defined = Defined("total", draw(expressions(labels)))
    sides = expressions([*labels, "total"])
    # Not a label beside a number: that would be read as a bound.
    constraint = Constraint(
        Binary(draw(sides), "+", Name("total")), draw(st.sampled_from(["==", "<", ">"])), draw(sides)
    )
    return (defined,), (constraint,)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Texts in lavaan's language, some of which contradict themselves."""
    names = ["x1", "x2", "x3", "x4", "f", "g"]
    formulas = []
    for _ in range(draw(st.integers(1, 6))):
        operator = draw(st.sampled_from(["=~", "~", "~~"]))
        # Arrows from later to earlier names only, so that most texts have no loop.
        i, j = sorted(draw(st.lists(st.integers(0, 5), min_size=2, max_size=2, unique=operator != "~~")))
        later, earlier = (names[j] if operator != "=~" else draw(st.sampled_from(["f", "g"]))), names[i]
        lhs, rhs = (later, earlier) if operator == "=~" else (earlier, later)
        formulas.append(f"{lhs} {operator} {draw(MODIFIERS)}{rhs}")
    formulas += draw(st.lists(st.sampled_from(["x1 ~ 1", "f ~ 0.5*1", "a > 0", "q := a + 1", "a == b*2"]), max_size=2))
    return "\n".join(formulas)


MODIFIERS = st.sampled_from(["", "", "", "a*", "b*", "2*", "NA*", "start(0.5)*", "lower(0)*", "c(a, b)*", "c(1, NA)*"])
