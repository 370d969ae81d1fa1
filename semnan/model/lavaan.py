"""Models written in lavaan's language, compiled with lavaan's defaults (Rosseel 2012, J. Stat. Softw. 48(2))."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from semnan.errors import ModelError
from semnan.model.bounds import bound_labels
from semnan.model.expression import Constraint, Defined, names
from semnan.model.options import Options, make_options
from semnan.model.parameter import Kind, Parameter
from semnan.model.path_model import PathModel
from semnan.model.reader import ModelText, read
from semnan.model.roles import ordered, roles_of
from semnan.model.syntax import MAX_CHARACTERS, TextError, located
from semnan.model.table import Entry, Table
from semnan.model.thresholds import ordered_of
from semnan.model.ties import tie


def compile_text(
    text: str,
    *,
    function: str = "sem",
    groups: Iterable[str] = (),
    group_equal: Iterable[str] = (),
    group_partial: Iterable[str] = (),
    thresholds: Mapping[str, int] | None = None,
    meanstructure: bool | None = None,
    fixed_x: bool | None = None,
    std_lv: bool = False,
    orthogonal: bool = False,
    orthogonal_x: bool = False,
    orthogonal_y: bool = False,
    auto_fix_first: bool | None = None,
    auto_fix_single: bool | None = None,
    auto_var: bool | None = None,
    auto_cov_lv_x: bool | None = None,
    auto_cov_y: bool | None = None,
    int_ov_free: bool | None = None,
    int_lv_free: bool | None = None,
) -> PathModel:
    """Compile a model written in lavaan's language.

    The options have lavaan's names (with underscores) and, for each `function`, lavaan's defaults. The rows come in
    the order of lavaan's parameter table: those of the text, then variances, covariances and intercepts, group by
    group.

    Parameters
    ----------
    text : str
        Formulas with ``=~``, ``~``, ``~~``, ``~ 1``, ``|``, ``:=``, ``==``, ``<`` and ``>``.
    function : {"sem", "cfa", "growth", "lavaan"}
        "lavaan" is the model as written: nothing is freed or fixed that the text does not have, and rows that would
        be zero are not in the table.
    groups : sequence of str
        Names of the groups of a model with several.
    group_equal, group_partial : sequence of str
        Sets of parameters that are equal across groups, such as "loadings", and exceptions, such as "f=~x2".
    thresholds : mapping of str to int, optional
        Ordered variables, and how many thresholds each has; besides those with ``|`` in the text.
    meanstructure : bool, optional
        Whether intercepts are added; by default if the text has some, for growth models, and for several groups.
    fixed_x : bool, optional
        Whether covariates are exogenous: their moments are those of the sample.
    std_lv : bool, optional
        Whether latents have variance one, rather than a first loading of one.
    orthogonal, orthogonal_x, orthogonal_y : bool, optional
        Whether covariances of latents (or those of independent, of dependent ones) are zero unless written.
    auto_fix_first, auto_fix_single, auto_var, auto_cov_lv_x, auto_cov_y, int_ov_free, int_lv_free : bool, optional
        Single defaults, as in lavaan.

    Returns
    -------
    PathModel

    Raises
    ------
    ModelError
        With line, column and the line itself where the text is wrong, contradicts itself, or has what is not
        supported: blocks, formative latents, interactions, feedback loops.

    Examples
    --------
    >>> from semnan import PathModel
    >>> model = PathModel.from_lavaan("f =~ x1 + x2 + x3; y ~ f + z")
    >>> model.visibles, model.latents, model.exogenous
    (('x1', 'x2', 'x3', 'y', 'z'), ('f',), ('z',))

    """
    if not isinstance(text, str):
        raise ModelError(f"a model text is a string, got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ModelError(f"the model text has {len(text)} characters; the limit is {MAX_CHARACTERS}")
    options = make_options(
        function=function,
        groups=groups,
        group_equal=group_equal,
        group_partial=group_partial,
        thresholds=thresholds or {},
        meanstructure=meanstructure,
        fixed_x=fixed_x,
        std_lv=std_lv,
        orthogonal=orthogonal,
        orthogonal_x=orthogonal_x,
        orthogonal_y=orthogonal_y,
        auto_fix_first=auto_fix_first,
        auto_fix_single=auto_fix_single,
        auto_var=auto_var,
        auto_cov_lv_x=auto_cov_lv_x,
        auto_cov_y=auto_cov_y,
        int_ov_free=int_ov_free,
        int_lv_free=int_lv_free,
    )
    return _compiled(text, options)


@lru_cache(maxsize=128)
def _compiled(text: str, options: Options) -> PathModel:
    try:
        return _compile(read(text), options)
    except TextError as fault:
        raise located(text, fault) from None


def _compile(source: ModelText, options: Options) -> PathModel:
    rows = tuple(ordered(source.rows))
    roles = roles_of(rows)
    categorical = ordered_of(rows, roles.visibles, options.thresholds, shared=options.shares_thresholds)
    if "thresholds" in options.group_equal and not categorical:
        raise ModelError("group_equal has 'thresholds', but no variable is ordered: name some as ordered=")
    rows = tuple(row for row in rows if row.op != "|")
    means = options.has_means(written=any(row.op == "~1" for row in rows), ordered=bool(categorical))
    entries = Table(rows, roles, options, means, frozenset(item.name for item in categorical)).entries()
    tie(entries, roles, options)
    if options.as_written:
        entries = _as_written(entries)
    _check_names(source, entries)
    _check_loops(entries)
    constraints = bound_labels(source.constraints, entries)
    return PathModel(
        roles.visibles,
        roles.latents,
        tuple(_parameter(entry, options.groups) for entry in entries if not _is_phantom(entry)),
        groups=options.groups,
        exogenous=roles.covariates if options.fixed_x else (),
        defined=tuple(defined for defined, _ in source.defined),
        constraints=constraints,
        ordered=categorical,
    )


def _as_written(entries: list[Entry]) -> list[Entry]:
    """Without pairs that are added and zero in all groups, unless the mean structure would go with them."""
    kept = {entry.pair for entry in entries if entry.row is not None or entry.fixed != 0.0}
    if not any(op == "~1" for _, op, _ in kept):
        kept |= {entry.pair for entry in entries if entry.op == "~1"}
    return [entry for entry in entries if entry.pair in kept]


def _is_phantom(entry: Entry) -> bool:
    """``f =~ 0`` says that f is a latent, and no more."""
    return entry.op == "=~" and entry.lhs == entry.rhs


def _check_names(source: ModelText, entries: list[Entry]) -> None:
    """Definitions use labels and what is defined before; constraints use all of these."""
    known = {entry.label for entry in entries}
    for defined, at in source.defined:
        _check_known(defined, names(defined.expression), known, at)
        if defined.name in known:
            raise TextError(at, f"{defined.name!r} is a label already, or defined before: choose another name")
        known.add(defined.name)
    for constraint, at in source.constraints:
        _check_known(constraint, (*names(constraint.left), *names(constraint.right)), known, at)


def _check_known(what: Defined | Constraint, used: Iterable[str], known: set[str | None], at: int) -> None:
    for name in used:
        if name not in known:
            raise TextError(at, f"`{what}` uses {name!r}, which is no label and not defined before")


def _check_loops(entries: list[Entry]) -> None:
    edges = _edges(entries)
    parents: dict[str, list[str]] = {}
    for parent, child in edges:
        parents.setdefault(child, []).append(parent)
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        loop = error.args[1]
        at = min(edges[edge].at for edge in pairwise(loop))
        told = f"nonrecursive models are not supported: {' -> '.join(loop)} is a feedback loop"
        raise TextError(at, told) from None


def _edges(entries: list[Entry]) -> dict[tuple[str, str], Entry]:
    """Parents and children, with the first row about each pair."""
    edges: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.op in ("=~", "~") and not _is_phantom(entry):
            edge = (entry.lhs, entry.rhs) if entry.op == "=~" else (entry.rhs, entry.lhs)
            if edges.setdefault(edge, entry).op != entry.op:
                told = f"{edge[0]} -> {edge[1]} is a loading and a regression: remove one of the two"
                raise TextError(entry.at, told)
    return edges


def _parameter(entry: Entry, groups: tuple[str, ...]) -> Parameter:
    kind, source, target = Kind.INTERCEPT, entry.lhs, entry.lhs
    if entry.op != "~1":
        kind = Kind.COVARIANCE if entry.op == "~~" else Kind.PATH
        source, target = (entry.rhs, entry.lhs) if entry.op == "~" else (entry.lhs, entry.rhs)
    try:
        return Parameter(
            kind=kind,
            source=source,
            target=target,
            fixed=entry.fixed,
            label=entry.label,
            lower=entry.lower,
            upper=entry.upper,
            start=entry.start,
            group=groups[entry.group] if groups else None,
            loading=entry.op == "=~",
        )
    except ModelError as error:
        raise TextError(entry.at, str(error)) from None
