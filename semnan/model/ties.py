"""Which lines of the table are one parameter: same label, `equal()`, or `group_equal`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import final

from semnan.errors import ModelError
from semnan.model.options import Options
from semnan.model.roles import Roles
from semnan.model.syntax import TextError
from semnan.model.table import Entry

_Key = tuple[object, ...]


def tie(entries: list[Entry], roles: Roles, options: Options) -> None:
    """Give the entries that are one parameter one label, one value if one of them is fixed, and the same bounds.

    Lines tied without a label are called ``.p2.``, with the number of the first of them in lavaan's table.
    """
    keys = _Keys(entries, roles, options)
    sets: dict[_Key, list[Entry]] = {}
    for entry in entries:
        sets.setdefault(keys.of(entry), []).append(entry)
    taken = {entry.label for entry in entries}
    for key, tied in sets.items():
        if len(tied) > 1:
            _unify(tied, taken, label=str(key[1]) if len(key) == 2 else None)


def _unify(tied: list[Entry], taken: set[str | None], label: str | None) -> None:
    fixed = [entry for entry in tied if entry.fixed is not None]
    if fixed:
        _fix(tied, fixed)
        return
    if label is None:
        label = f".p{tied[0].number}."
        if label in taken:
            raise TextError(tied[0].at, f"this row gets the label {label}, which another has: rename that")
    lower = _outermost((entry.lower for entry in tied), min, -math.inf)
    upper = _outermost((entry.upper for entry in tied), max, math.inf)
    for entry in tied:
        entry.label, entry.lower, entry.upper = label, lower, upper


def _fix(tied: list[Entry], fixed: list[Entry]) -> None:
    """One fixed line fixes all that are tied to it."""
    for entry in fixed:
        if entry.fixed != fixed[0].fixed:
            raise TextError(entry.at, f"tied to a row with another fixed value, {fixed[0].fixed:g}: give both the same")
    for entry in tied:
        if entry.start is not None:
            raise TextError(entry.at, f"a start for a parameter that is tied to one fixed to {fixed[0].fixed:g}")
        entry.fixed, entry.lower, entry.upper = fixed[0].fixed, -math.inf, math.inf


def _outermost(bounds: Iterable[float], choose: Callable[[list[float]], float], none: float) -> float:
    """The loosest of the finite bounds."""
    finite = [bound for bound in bounds if math.isfinite(bound)]
    return choose(finite) if finite else none


@final
class _Keys:
    """What tied entries have in common: a label, or the first line of those that are equal."""

    def __init__(self, entries: list[Entry], roles: Roles, options: Options) -> None:
        self._equal = {*options.group_equal, *(("intercepts",) if options.shares_thresholds else ())}
        self._latents, self._covariates = set(roles.latents), set(roles.covariates)
        self._named: dict[str, Entry] = {}
        if options.group_partial or any(entry.equal for entry in entries):
            self._named = {name: entry for entry in reversed(entries) for name in _names(entry)}
        self._partial = {self._exception(name).pair for name in options.group_partial}

    def of(self, entry: Entry) -> _Key:
        seen = []
        while entry.label is None and entry.equal is not None:
            if entry in seen:
                raise TextError(entry.at, f"equal({entry.equal!r}) goes in a circle")
            seen.append(entry)
            entry = self._target(entry)
        if entry.label is not None:
            return "label", entry.label
        return *entry.pair, 0 if self._is_equal(entry) else entry.group

    def _target(self, entry: Entry) -> Entry:
        assert entry.equal is not None
        found = self._named.get("".join(entry.equal.split()))
        if found is None:
            raise TextError(entry.at, f"equal({entry.equal!r}) names no row of the model: write it like 'f=~x2'")
        return found

    def _exception(self, name: str) -> Entry:
        if name not in self._named or self._named[name].group:
            raise ModelError(f"group_partial has {name!r}, which is no row of the model: write it like 'f=~x2'")
        return self._named[name]

    def _is_equal(self, entry: Entry) -> bool:
        """Whether `group_equal` makes the line the same in all groups."""
        return self._set(entry) in self._equal and entry.pair not in self._partial

    def _set(self, entry: Entry) -> str | None:
        """The set of `group_equal` that a line belongs to."""
        if entry.op != "~1" and entry.op != "~~":
            return "loadings" if entry.op == "=~" else "regressions"
        if entry.lhs in self._covariates:
            return None
        latent = entry.lhs in self._latents
        if entry.op == "~1":
            return "means" if latent else "intercepts"
        if entry.lhs == entry.rhs:
            return "lv.variances" if latent else "residuals"
        return "lv.covariances" if latent else "residual.covariances"


def _names(entry: Entry) -> list[str]:
    """The names lavaan has for a line: ``f=~x2``, in further groups ``f=~x2.g2``; covariances either way round."""
    group = f".g{entry.group + 1}" if entry.group else ""
    names = [f"{entry.lhs}{entry.op}{entry.rhs}{group}"]
    return [*names, f"{entry.rhs}~~{entry.lhs}{group}"] if entry.op == "~~" else names
