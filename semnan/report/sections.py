"""The parameters of one group in lavaan's sections: loadings, regressions, covariances, intercepts, variances, R²."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import final

from semnan.effects.delta import NOT_IDENTIFIED
from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.r_squared import RSquared, r_squared
from semnan.model import Kind, PathModel
from semnan.report.rows import ParameterRow, is_covariate
from semnan.report.table import Table, ends, number, probability, span

#: More rows of a section than this are left to `Fit.parameters`.
MOST_ROWS = 200
#: Columns of names are padded to the longest of these, up to so many characters.
_WIDEST = 30

_SECTIONS: dict[str, Callable[[ParameterRow], bool]] = {
    "Latent Variables": lambda row: row.op == "=~",
    "Regressions": lambda row: row.op == "~",
    "Covariances": lambda row: row.op == "~~" and row.lhs != row.rhs,
    "Intercepts": lambda row: row.op == "~1",
    "Thresholds": lambda row: row.op == "|",
    "Variances": lambda row: row.op == "~~" and row.lhs == row.rhs,
}


def group_sections(fit: Estimate, rows: list[ParameterRow], group: str | None, level: float) -> Iterator[Table]:
    """The sections of one group; as in lavaan, moments of exogenous covariates are not shown."""
    shown = [row for row in rows if not is_covariate(row, fit.model)]
    form = Form.of(shown, level, _dependent(fit.model))
    for title, belongs in _SECTIONS.items():
        chosen = [row for row in shown if belongs(row)]
        if chosen:
            yield form.section(title, chosen)
    known = {row.lhs: row.std_all for row in shown if row.op == "~~" and row.lhs == row.rhs}
    shares = [_determined(item, known.get(item.variable)) for item in r_squared(fit) if item.group == group]
    if shares:
        yield form.shares(shares)


def defined_section(rows: list[ParameterRow], level: float) -> Iterator[Table]:
    """The defined parameters."""
    if rows:
        yield Form.of(rows, level, frozenset()).section("Defined Parameters", rows)


def _determined(share: RSquared, rest: float | Unavailable | None) -> RSquared:
    """R² is one less the standardised residual variance, and like that not always identified."""
    return replace(share, value=NOT_IDENTIFIED) if rest == NOT_IDENTIFIED else share


def _dependent(model: PathModel) -> frozenset[str]:
    """Variables whose variances and intercepts are those of residuals: a dot is before them, as in lavaan."""
    return frozenset(row.target for row in model.parameters if row.kind is Kind.PATH)


@final
@dataclass(frozen=True)
class Form:
    """What the sections of a group have in common, so that their columns stand below each other.

    Attributes
    ----------
    columns : tuple of str
    width, label_width : int
        Of the names and of the labels.
    dependent : frozenset of str
        Variables with a dot before them.

    """

    columns: tuple[str, ...]
    width: int
    label_width: int
    dependent: frozenset[str]

    @classmethod
    def of(cls, rows: list[ParameterRow], level: float, dependent: frozenset[str]) -> Form:
        numbers = ("Estimate", "Std.Err", "z-value", "P(>|z|)", *ends(level), "Std.lv", "Std.all")
        label = ("",) if any(_label(row) for row in rows) else ()
        verdict = ("",) if any(_verdict(row) for row in rows) else ()
        width = _widest(name for row in rows for name in (_alone(row), *(row.rhs,) * (row.op != ":=")))
        label_width = _widest(_label(row) for row in rows)
        return cls(("", *label, *numbers, *verdict), width + 5, label_width, dependent)

    def section(self, title: str, rows: list[ParameterRow]) -> Table:
        """A section, with the reasons for standard errors that are missing."""
        cells = tuple(self._lines(rows[:MOST_ROWS]))
        missing = (row.standard_error for row in rows if not isinstance(row.estimate, Unavailable))
        reasons = dict.fromkeys(error.reason for error in missing if isinstance(error, Unavailable))
        return Table(title, self.columns, cells, max(len(rows) - MOST_ROWS, 0), _told(reasons))

    def shares(self, shares: list[RSquared]) -> Table:
        """The section of R²."""
        cells = tuple((self._name(item.variable, dot=False), number(item.value)) for item in shares[:MOST_ROWS])
        reasons = dict.fromkeys(item.value.reason for item in shares if isinstance(item.value, Unavailable))
        return Table("R-Square", ("", "Estimate"), cells, len(shares) - len(cells), _told(reasons))

    def _lines(self, rows: list[ParameterRow]) -> Iterator[tuple[str, ...]]:
        if not _has_sides(rows[0]):
            yield from (self._line(row) for row in rows)
            return
        for lhs, part in _by_side(rows).items():
            op = part[0].op
            dot = "." if op == "~~" and lhs in self.dependent else " "
            yield (f" {dot}{lhs} {op}", *("" for _ in self.columns[1:]))
            yield from (self._line(row) for row in part)

    def _line(self, row: ParameterRow) -> tuple[str, ...]:
        name = row.rhs if _has_sides(row) else _alone(row)
        cells = [self._name(name, dot=row.op in ("~~", "~1") and name in self.dependent)]
        if self.columns[1] == "":
            cells.append(_label(row).ljust(self.label_width))
        cells += [number(row.estimate), *_tested(row)]
        cells += ["" if value is None else number(value) for value in (row.std_lv, row.std_all)]
        if self.columns[-1] == "":
            cells.append(_verdict(row))
        return tuple(cells)

    def _name(self, name: str, *, dot: bool) -> str:
        return f"   {'.' if dot else ' '}{name}".ljust(self.width)


def _widest(names: Iterable[str]) -> int:
    return min(max(map(len, names), default=0), _WIDEST)


def _tested(row: ParameterRow) -> tuple[str, ...]:
    if row.fixed:
        return ("",) * 5
    return number(row.standard_error), number(row.z), probability(row.p_value), *span(row.interval)


def _label(row: ParameterRow) -> str:
    return f"({row.label})" if row.label and row.op != ":=" else ""


def _verdict(row: ParameterRow) -> str:
    return "" if row.verdict in ("fixed", "identified") else row.verdict


def _has_sides(row: ParameterRow) -> bool:
    """Whether a row stands below its left side: those of paths and covariances do."""
    return row.op in ("=~", "~") or (row.op == "~~" and row.lhs != row.rhs)


def _alone(row: ParameterRow) -> str:
    return f"{row.lhs}|{row.rhs}" if row.op == "|" else row.lhs


def _by_side(rows: Iterable[ParameterRow]) -> dict[str, list[ParameterRow]]:
    """Rows with the same left side together, in the order in which these come first."""
    sides: dict[str, list[ParameterRow]] = {}
    for row in rows:
        sides.setdefault(row.lhs, []).append(row)
    return sides


def _told(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"— {reason}" for reason in reasons)
