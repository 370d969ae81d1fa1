"""The options of `compile_text`, checked, with lavaan's default for each of its functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

from semnan.errors import ModelError
from semnan.graph.diagram import listed

#: Sets of parameters that may be equal across groups.
EQUAL = (
    "loadings",
    "intercepts",
    "thresholds",
    "means",
    "regressions",
    "residuals",
    "residual.covariances",
    "lv.variances",
    "lv.covariances",
)
#: Those that are about means.
MEANS = frozenset(("intercepts", "thresholds", "means"))
FUNCTIONS = ("sem", "cfa", "growth", "lavaan")


@final
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options as `compile_text` takes them, with their defaults; those of `meanstructure` depend on the text too."""

    function: str
    groups: tuple[str, ...]
    group_equal: tuple[str, ...]
    group_partial: tuple[str, ...]
    thresholds: tuple[tuple[str, int], ...]
    meanstructure: bool | None
    fixed_x: bool
    std_lv: bool
    orthogonal: bool
    orthogonal_x: bool
    orthogonal_y: bool
    auto_fix_first: bool
    auto_fix_single: bool
    auto_var: bool
    auto_cov_lv_x: bool
    auto_cov_y: bool
    int_ov_free: bool
    int_lv_free: bool

    @property
    def as_written(self) -> bool:
        """Whether rows that lavaan would add with the value zero are left out."""
        return self.function == "lavaan"

    @property
    def shares_thresholds(self) -> bool:
        """Whether intercepts, and thresholds with them, are equal across groups: lavaan takes one for the other."""
        return not {"intercepts", "thresholds"}.isdisjoint(self.group_equal)

    @property
    def group_count(self) -> int:
        return len(self.groups) or 1

    def has_means(self, *, written: bool, ordered: bool) -> bool:
        """Whether intercepts are part of the model; `written` says whether the text has some."""
        wanted = written or self.function == "growth" or not MEANS.isdisjoint(self.group_equal)
        if self.meanstructure is False and wanted:
            raise ModelError("meanstructure=False, but the model has intercepts: leave the option out, or remove them")
        if self.meanstructure is not None:
            return self.meanstructure
        if ordered and not wanted:  # Thresholds stand for means, and these would be zero.
            return False
        # Without free intercepts a mean structure would set every mean of every group to zero.
        return wanted or (bool(self.groups) and (self.int_ov_free or self.int_lv_free))


def make_options(
    *,
    function: str,
    groups: Iterable[str],
    group_equal: Iterable[str],
    group_partial: Iterable[str],
    thresholds: Mapping[str, int],
    **switches: bool | None,
) -> Options:
    """Check the options and fill in what follows from the function."""
    if function not in FUNCTIONS:
        raise ModelError(f"function={function!r}: give one of {', '.join(FUNCTIONS)}")
    for name, value in switches.items():
        if value is not None and not isinstance(value, bool):
            raise ModelError(f"{name}={value!r}: give True or False, or leave it out")
    if switches["std_lv"] and switches["auto_fix_first"]:
        raise ModelError("std_lv and auto_fix_first both give the latents a scale: set one of the two")
    auto = function != "lavaan"
    defaults = {
        "fixed_x": True,
        "auto_fix_first": auto and not switches["std_lv"],
        "int_ov_free": auto and function != "growth",
        "int_lv_free": function == "growth",
        **dict.fromkeys(("auto_fix_single", "auto_var", "auto_cov_lv_x", "auto_cov_y"), auto),
        **dict.fromkeys(("std_lv", "orthogonal", "orthogonal_x", "orthogonal_y"), False),
    }
    chosen = {name: default if switches[name] is None else bool(switches[name]) for name, default in defaults.items()}
    equal, partial = listed(group_equal), tuple("".join(name.split()) for name in listed(group_partial))
    _check_groups(names := listed(groups), equal, partial)
    return Options(
        function=function,
        groups=names,
        group_equal=equal,
        group_partial=partial,
        thresholds=tuple(thresholds.items()),
        meanstructure=switches["meanstructure"],
        **chosen,
    )


def _check_groups(groups: tuple[str, ...], equal: tuple[str, ...], partial: tuple[str, ...]) -> None:
    for name in equal:
        if name not in EQUAL:
            raise ModelError(f"group_equal has {name!r}: give some of {', '.join(EQUAL)}")
    if equal and not groups:
        raise ModelError("group_equal is about groups: name them with `groups`")
    if partial and not equal:
        raise ModelError("group_partial makes exceptions from group_equal: give that too")
