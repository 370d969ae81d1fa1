"""`Query`: the effect that a verdict is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from semnan.errors import ModelError
from semnan.graph.diagram import Edge, known

Kind = Literal["direct", "total"]
#: A function of the weights of a model, such as ``lambda w: w["X", "M"] * w["M", "Y"]``.
Function = Callable[[Mapping[Edge, Any]], Any]
_ARROW = re.compile(r"\s*->\s*")


@final
@dataclass(frozen=True)
class Query:
    """A direct or total effect, or a function of the weights.

    Attributes
    ----------
    source, target : str
        Empty for a function.
    kind : "direct", "total" or "function"
    avoiding : tuple of str
        Variables that the paths counted do not pass through.
    function : callable or None

    """

    source: str
    target: str
    kind: str = "total"
    avoiding: tuple[str, ...] = ()
    function: Function | None = None

    def __str__(self) -> str:
        if self.function is not None:
            return "function of the weights"
        return f"{self.source} -> {self.target}" + (f" avoiding {', '.join(self.avoiding)}" if self.avoiding else "")


def read_query(
    effect: str | tuple[str, str] | Function, kind: str, avoiding: Iterable[str] | str, names: Iterable[str]
) -> Query:
    """The query that a user means, checked against the variables there are.

    Raises
    ------
    ModelError
        For a question that has no meaning, or a variable the model does not have.

    """
    if callable(effect):
        return Query("", "", "function", (), effect)
    ends = _ARROW.split(effect.strip()) if isinstance(effect, str) else list(effect)
    if len(ends) != 2:
        raise ModelError(f"the effect is {effect!r}: give it as 'X -> Y', as a pair of names or as a function")
    if kind not in ("direct", "total"):
        raise ModelError(f"kind is {kind!r}: give 'direct' or 'total'")
    avoid = (avoiding,) if isinstance(avoiding, str) else tuple(avoiding)
    source, target = (name.strip().removeprefix('"').removesuffix('"') for name in ends)
    known((source, target, *avoid), names)
    if source == target:
        raise ModelError(f"an effect needs two variables, got {source!r} twice")
    if {source, target} & set(avoid):
        raise ModelError("the avoided variables include the source or the target: no path is left")
    if avoid and kind == "direct":
        raise ModelError("a direct effect passes through no variable: leave out `avoiding`, or ask for kind='total'")
    return Query(source, target, kind, tuple(dict.fromkeys(avoid)))
