"""lavaan's parameter table: the rows of a text and those that lavaan adds, group by group, with their defaults."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, combinations_with_replacement
from typing import NamedTuple, final

from semnan.errors import ModelError
from semnan.model.options import Options
from semnan.model.reader import MAX_ROWS, Numbers, Row, Texts
from semnan.model.roles import Roles
from semnan.model.syntax import TextError


@final
@dataclass(slots=True)
class Entry:
    """A line of the table while it is being made. `number` counts all lines, also those of exogenous covariates."""

    lhs: str
    op: str
    rhs: str
    row: Row | None
    group: int
    number: int
    fixed: float | None = None
    label: str | None = None
    equal: str | None = None
    start: float | None = None
    lower: float = -math.inf
    upper: float = math.inf

    @property
    def pair(self) -> tuple[str, str, str]:
        return self.lhs, self.op, self.rhs

    @property
    def at(self) -> int:
        return self.row.at if self.row is not None else 0


class _Line(NamedTuple):
    """A line that every group has."""

    lhs: str
    op: str
    rhs: str
    row: Row | None
    number: int


@final
@dataclass(frozen=True)
class Table:
    """The rows of a text in its order, then variances, covariances and intercepts; made once for each group."""

    rows: tuple[Row, ...]
    roles: Roles
    options: Options
    means: bool
    categorical: frozenset[str] = frozenset()

    def entries(self) -> list[Entry]:
        """All lines but those of exogenous covariates, with modifiers, before ties."""
        lines, size = self._lines()
        if len(lines) * self.options.group_count > MAX_ROWS:
            raise ModelError(f"the model has more than {MAX_ROWS} rows")
        return [self._entry(line, group, size) for group in range(self.options.group_count) for line in lines]

    def _lines(self) -> tuple[list[_Line], int]:
        lines = [_Line(row.lhs, row.op, row.rhs, row, i) for i, row in enumerate(self.rows, 1)]
        written = {(line.lhs, line.op, line.rhs) for line in lines}
        number = len(lines)
        self._check_size()
        for added in self._added():
            if isinstance(added, int):
                number += added
            elif added not in written:
                number += 1
                lines.append(_Line(*added, None, number))
        return lines, number

    def _check_size(self) -> None:
        """Before pairs are listed: there are as many as the square of the variables."""
        modelled = () if self.options.fixed_x else self.roles.covariates
        pairs = sum(math.comb(len(names), 2) for names in (self.roles.independent, self.roles.dependent, modelled))
        if pairs > MAX_ROWS:
            raise ModelError(f"the model has more than {MAX_ROWS} covariances")

    def _added(self) -> Iterator[tuple[str, str, str] | int]:
        """What lavaan adds if the text does not have it; a number stands for so many lines of exogenous covariates."""
        roles, options = self.roles, self.options
        covariates = set(roles.covariates)
        for name in chain((v for v in roles.visibles if v not in covariates), roles.latents):
            yield name, "~~", name
        if options.auto_cov_lv_x:
            yield from ((a, "~~", b) for a, b in combinations(roles.independent, 2))
        if options.auto_cov_y:
            yield from ((a, "~~", b) for a, b in combinations(roles.dependent, 2))
        if options.fixed_x:
            yield math.comb(len(covariates) + 1, 2)
        else:
            yield from ((a, "~~", b) for a, b in combinations_with_replacement(roles.covariates, 2))
        if self.means:
            for name in chain(roles.visibles, roles.latents):
                yield 1 if options.fixed_x and name in covariates else (name, "~1", "")

    def _entry(self, line: _Line, group: int, size: int) -> Entry:
        entry = Entry(line.lhs, line.op, line.rhs, line.row, group, group * size + line.number)
        entry.fixed = self._default(line, later=group > 0)
        if line.row is not None:
            _modify(entry, line.row, self.options.group_count)
        return entry

    def _default(self, line: _Line, *, later: bool) -> float | None:
        """The value a line is fixed to if its modifiers say nothing; `later` groups differ from the first."""
        if line.op == "=~":
            freed = later and "loadings" in self.options.group_equal
            return 1.0 if line.number in self._markers and not freed else None
        if line.op == "~1":
            return self._intercept(line, later=later)
        if line.op == "~":
            return None
        return self._variance(line, later=later) if line.lhs == line.rhs else self._covariance(line)

    def _intercept(self, line: _Line, *, later: bool) -> float | None:
        options = self.options
        if line.row is not None:
            return None
        if line.lhs not in self._latents:
            return None if options.int_ov_free and line.lhs not in self.categorical else 0.0
        # Equal intercepts or thresholds leave the latent means of further groups to be found.
        freed = later and options.shares_thresholds and "means" not in options.group_equal
        return None if options.int_lv_free or freed else 0.0

    def _variance(self, line: _Line, *, later: bool) -> float | None:
        options, added = self.options, line.row is None
        standard = options.std_lv and line.lhs in self._latents
        if standard and added and later and _frees_scale(options):
            return None
        if added and options.auto_var and options.auto_fix_single and line.lhs in self._single_indicators:
            return 0.0
        if standard:
            return 1.0
        return 0.0 if added and not options.auto_var else None

    def _covariance(self, line: _Line) -> float | None:
        if line.row is not None:
            return None
        return 0.0 if any(line.lhs in names and line.rhs in names for names in self._orthogonal) else None

    @cached_property
    def _latents(self) -> frozenset[str]:
        return frozenset(self.roles.latents)

    @cached_property
    def _orthogonal(self) -> list[frozenset[str]]:
        """Sets of latents without covariances that the text does not have."""
        roles, options = self.roles, self.options
        switches = [
            (options.orthogonal, roles.latents),
            (options.orthogonal_x, roles.independent),
            (options.orthogonal_y, roles.dependent_latents),
        ]
        return [frozenset(names) for on, names in switches if on]

    @cached_property
    def _markers(self) -> frozenset[int]:
        """The lines of the first indicator of every latent, if these give the scale."""
        first: dict[str, int] = {}
        for number, row in enumerate(self.rows, 1):
            if row.op == "=~":
                first.setdefault(row.lhs, number)
        return frozenset(first.values()) if self.options.auto_fix_first else frozenset()

    @cached_property
    def _single_indicators(self) -> frozenset[str]:
        """Indicators of one latent only, which has no other indicator."""
        loadings = [row for row in self.rows if row.op == "=~"]
        of_latent, of_indicator = Counter(r.lhs for r in loadings), Counter(r.rhs for r in loadings)
        return frozenset(
            row.rhs for row in loadings if of_latent[row.lhs] == of_indicator[row.rhs] == 1 and row.lhs != row.rhs
        )


def _frees_scale(options: Options) -> bool:
    """Whether equal loadings carry the scale of the first group to the others."""
    return "loadings" in options.group_equal and "lv.variances" not in options.group_equal


def _modify(entry: Entry, row: Row, groups: int) -> None:
    """Apply what stands before the variable; bounds of a fixed line mean nothing."""
    for modifier in row.modifiers:
        if len(modifier.values) not in (1, groups):
            count = f"{groups} group{'s' if groups > 1 else ''}"
            raise TextError(modifier.at, f"{len(modifier.values)} values for {count}: give one, or one for each group")
        if isinstance(modifier, Texts):
            setattr(entry, modifier.kind, modifier.of(entry.group))
        elif modifier.kind == "fixed":
            entry.fixed = modifier.of(entry.group)
    for modifier in row.modifiers:
        if isinstance(modifier, Numbers) and modifier.kind != "fixed" and modifier.of(entry.group) is not None:
            _bound(entry, modifier)


def _bound(entry: Entry, modifier: Numbers) -> None:
    if entry.fixed is None:
        setattr(entry, modifier.kind, modifier.of(entry.group))
    elif modifier.kind == "start":
        value = f"{entry.fixed:g}"
        raise TextError(
            modifier.at, f"a start for a parameter that is fixed to {value}: free it with NA*, or leave it out"
        )
