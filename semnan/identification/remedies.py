"""What would identify an effect: one parameter known, one edge or arc absent, one latent measured or given a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

from semnan.identification.query import Query
from semnan.model import Kind, Parameter, PathModel, covariance, path

#: A value for what is known from elsewhere: any but a special one, such as zero or one.
_KNOWN = 0.8125


@final
@dataclass(frozen=True)
class Remedy:
    """A change of the model after which an effect is identified, at least locally.

    Attributes
    ----------
    change : str
        What to do, such as "know X -> Y" or "measure U".
    status : str
        The verdict then.

    """

    change: str
    status: str

    def __str__(self) -> str:
        return f"{self.change}: {self.status}"


def changes(model: PathModel, query: Query) -> Iterator[tuple[str, PathModel]]:
    """All single changes of a model that leave the question its meaning."""
    ends = (query.source, query.target)
    for i, row in enumerate(model.parameters):
        if row.fixed is None and not row.is_variance and row.kind is not Kind.INTERCEPT:
            asked = row.kind is Kind.PATH and (row.source, row.target) == ends
            if not asked:
                yield f"know {row.edge}", _with(model, i, replace(row, fixed=_KNOWN, label=None, start=None))
                if {row.source, row.target} <= set(model.visibles):
                    yield f"no {row.edge}", _with(model, i, None)
    for latent in model.latents:
        yield f"measure {latent}", _measured(model, latent)
        yield f"measure a proxy of {latent}", _with_proxy(model, latent)


def _with(model: PathModel, i: int, row: Parameter | None) -> PathModel:
    rows = (*model.parameters[:i], *(() if row is None else (row,)), *model.parameters[i + 1 :])
    return replace(model, parameters=rows)


def _measured(model: PathModel, latent: str) -> PathModel:
    """With a latent visible, its variance free and its loadings no scale any more."""
    rows = [_unscaled(r, latent) for r in model.parameters if not (r.is_variance and r.source == latent)]
    groups: tuple[str | None, ...] = model.groups or (None,)
    rows += [covariance(latent, group=group) for group in groups]
    latents = tuple(u for u in model.latents if u != latent)
    return replace(model, visibles=(*model.visibles, latent), latents=latents, parameters=tuple(rows))


def _unscaled(row: Parameter, latent: str) -> Parameter:
    """A row of a model in which a latent is seen in units of its own: what was its loading is free."""
    if row.source != latent or not row.loading:
        return row
    return replace(row, loading=False, fixed=None)


def _with_proxy(model: PathModel, latent: str) -> PathModel:
    """With one more visible child of a latent."""
    name = f"proxy of {latent}"
    groups: tuple[str | None, ...] = model.groups or (None,)
    rows = [row for g in groups for row in (path(latent, name, group=g), covariance(name, group=g))]
    return replace(model, visibles=(*model.visibles, name), parameters=(*model.parameters, *rows))
