"""`Fit`: a fitted model and everything that can be asked of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from semnan import report
from semnan.data import Sample
from semnan.estimation.estimate import Estimate
from semnan.estimation.storage import load as load_estimate
from semnan.estimation.storage import save as save_estimate
from semnan.fitted.effects import FittedEffects
from semnan.fitted.measures import FittedMeasures
from semnan.fitted.numbers import FittedNumbers
from semnan.fitted.rows import FittedRows


@final
@dataclass(frozen=True, eq=False, repr=False)
class Fit(FittedNumbers, FittedMeasures, FittedRows, FittedEffects):
    """A fitted model. A value: nothing changes it, and it changes neither model nor data.

    Attributes
    ----------
    estimate : Estimate
        The numbers underneath.
    sample : Sample
        The data: moments, and rows where they were given.

    """

    def summary(self, level: float = 0.95) -> report.Summary:
        """Everything worth reading about the fit: prints as text, shows as HTML in a notebook."""
        return report.summarise(self.estimate, self.sample, self.findings, level)

    def draw(
        self, path: str | Path | None = None, *, group: str | None = None, standardised: bool = False
    ) -> report.Drawing:
        """Draw the model with estimates on its edges, laid out by layers; needs matplotlib (the extra ``plot``).

        Means and variances are not drawn, nor covariances that are fixed or are those of exogenous covariates.

        Parameters
        ----------
        path : str or Path, optional
            Where to save the drawing; the ending (.png, .svg, .pdf) says in which format.
        group : str, optional
            Of a model with several groups; by default each has a panel.
        standardised : bool
            In standard deviations of all variables.

        Raises
        ------
        SemnanError
            If matplotlib is missing, cannot write that format, or the model is too large for a drawing.

        """
        drawing = report.draw(self.estimate, group, standardised=standardised)
        if path is not None:
            drawing.save(path)
        return drawing

    def to_dict(self, level: float = 0.95) -> dict[str, Any]:
        """The results as plain values under lavaan's names; see `semnan.report.plain.to_dict`."""
        return report.to_dict(self.estimate, self.sample, self.findings, level)

    def to_json(self, level: float = 0.95) -> str:
        """`to_dict` as JSON: outcome, fit measures, estimates and warnings; null where there is no number."""
        return json.dumps(self.to_dict(level), ensure_ascii=False, allow_nan=False, indent=1)

    def save(self, path: str | Path) -> None:
        """Write ``path.json`` and ``path.safetensors``; `semnan.load` reads them back the same, bit for bit."""
        save_estimate(self.estimate, path)

    def __repr__(self) -> str:
        size = f"{len(self.model.visibles)} variables, {len(self.model.free)} free parameters"
        return f"<Fit of {size}: {self.outcome.value}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def load(path: str | Path) -> Fit:
    """Read a fit that `Fit.save` wrote (``path.json`` and ``path.safetensors``)."""
    found = load_estimate(path)
    return Fit(found, sample_of(found))


def sample_of(found: Estimate) -> Sample:
    """The sample of an estimate that came without one: its moments."""
    labels = found.model.groups
    return Sample.from_moments(dict(zip(labels, found.samples, strict=True)) if labels else found.samples[0])
