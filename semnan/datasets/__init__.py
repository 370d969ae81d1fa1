"""Real tables to try semnan on, embedded with their origin and licence."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, final

import numpy as np

from semnan.data import Moments
from semnan.data.frames import Backend, make_frame
from semnan.errors import DataError

Column = tuple[float, ...] | tuple[str, ...]

#: The consensus network of the `sachs` data in its usual form of 17 edges (cause, effect).
SACHS_EDGES = (
    ("PKC", "PKA"),
    ("PKC", "Raf"),
    ("PKC", "Mek"),
    ("PKC", "Jnk"),
    ("PKC", "P38"),
    ("PKA", "Raf"),
    ("PKA", "Mek"),
    ("PKA", "Erk"),
    ("PKA", "Akt"),
    ("PKA", "Jnk"),
    ("PKA", "P38"),
    ("Raf", "Mek"),
    ("Mek", "Erk"),
    ("Erk", "Akt"),
    ("Plcg", "PIP2"),
    ("Plcg", "PIP3"),
    ("PIP3", "PIP2"),
)


@final
@dataclass(frozen=True)
class Dataset:
    """A table and where it comes from.

    Attributes
    ----------
    name, description, source, licence : str
    columns : dict from column name to tuple of values
        Numbers, or text for a column that is not numeric.

    """

    name: str
    description: str
    source: str
    licence: str
    columns: dict[str, Column] = field(repr=False)

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The table as a data frame of an installed library: ``"pandas"``, ``"polars"`` or ``"pyarrow"``."""
        lists = {name: list(values) for name, values in self.columns.items()}
        return make_frame(lists, backend, error=DataError)

    def moments(self, *columns: str) -> Moments:
        """The moments of some columns; by default of all that are numeric."""
        wanted = columns or tuple(name for name, values in self.columns.items() if not isinstance(values[0], str))
        for name in wanted:
            if name not in self.columns:
                raise DataError(f"{self.name} has no column {name!r}; it has {', '.join(self.columns)}")
            if isinstance(self.columns[name][0], str):
                raise DataError(f"the column {name!r} of {self.name} is text: name numeric columns")
        return Moments.from_array(np.column_stack([np.asarray(self.columns[name], float) for name in wanted]), wanted)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def political_democracy() -> Dataset:
    """Industrialisation and political democracy in 75 developing countries, 1960 and 1965.

    ``y1``–``y4`` measure democracy in 1960 (freedom of the press, of opposition, fairness of elections,
    effectiveness of the legislature), ``y5``–``y8`` the same in 1965; ``x1``–``x3`` industrialisation in 1960 (log
    GNP and energy consumption per head, share of the labour force in industry).
    """
    return Dataset(
        name="PoliticalDemocracy",
        description="Industrialisation 1960 (x1–x3), political democracy 1960 (y1–y4) and 1965 (y5–y8), 75 countries",
        source="K. A. Bollen, Structural Equations with Latent Variables, Wiley 1989; as shipped with semopy",
        licence="MIT (semopy)",
        columns=_read("political_democracy.csv"),
    )


def holzinger_swineford_1939() -> Dataset:
    """Mental ability test scores of 301 seventh- and eighth-grade children of two schools.

    ``x1``–``x3`` visual perception, cubes, lozenges; ``x4``–``x6`` paragraph comprehension, sentence completion,
    word meaning; ``x7``–``x9`` speeded addition, counting of dots, discrimination of capitals. Besides: ``id``,
    ``sex``, age in years and months (``ageyr``, ``agemo``), ``school`` (text), ``grade`` (one value is missing).
    """
    return Dataset(
        name="HolzingerSwineford1939",
        description="Nine mental ability tests (x1–x9), sex, age, school and grade of 301 children",
        source="K. J. Holzinger and F. A. Swineford, A study in factor analysis, 1939; as shipped with semopy",
        licence="MIT (semopy)",
        columns=_read("holzinger_swineford_1939.csv"),
    )


def sachs() -> Dataset:
    """Phosphorylated proteins and phospholipids in single human immune cells, 853 cells without intervention.

    ``Raf``, ``Mek``, ``Plcg``, ``PIP2``, ``PIP3``, ``Erk``, ``Akt``, ``PKA``, ``PKC``, ``P38``, ``Jnk``: abundances by
    flow cytometry. `SACHS_EDGES` is the network that biologists agreed on.
    """
    return Dataset(
        name="Sachs",
        description="Abundances of eleven phosphorylated proteins and phospholipids in 853 single cells",
        source="K. Sachs, O. Perez, D. Pe'er, D. A. Lauffenburger and G. P. Nolan, Causal Protein-Signaling Networks "
        "Derived from Multiparameter Single-Cell Data, Science 308, 2005; as shipped with the Causal Discovery Toolbox",
        licence="MIT (Causal Discovery Toolbox, copyright 2018 Diviyan Kalainathan)",
        columns=_read("sachs.csv"),
    )


def robyn_weekly() -> Dataset:
    """A simulated national table of media, 208 weeks from November 2015, as marketing-mix tools are tried on.

    ``DATE``, ``revenue``; spend on television, outdoor, print, Facebook and paid search (``tv_S``, ``ooh_S``,
    ``print_S``, ``facebook_S``, ``search_S``); Facebook impressions and search clicks (``facebook_I``,
    ``search_clicks_P``); ``competitor_sales_B``, ``newsletter``, and ``events`` (text, "na" in most weeks).
    """
    return Dataset(
        name="RobynWeekly",
        description="Revenue, spend on five media, competitor sales, newsletters and events in 208 weeks, simulated",
        source="Robyn (Meta Marketing Science), table dt_simulated_weekly; as shipped with robynpy",
        licence="MIT (Robyn, Meta Platforms)",
        columns=_read("robyn_weekly.csv"),
    )


def pymc_marketing_example() -> Dataset:
    """A simulated national table with the true contributions of its two media, 179 weeks from April 2018.

    ``date_week``, media ``x1`` and ``x2``, sales ``y``, two weeks with an event (``event_1``, ``event_2``),
    ``dayofyear``, the number of the week ``t``, and the true ``contribution_x1`` and ``contribution_x2`` to ``y``.
    """
    return Dataset(
        name="PyMCMarketingExample",
        description="Sales, two media, two events and the true contributions of the media in 179 weeks, simulated",
        source="Generated anew by the recipe of the example notebook of PyMC-Marketing's marketing-mix model",
        licence="Apache-2.0 (PyMC-Marketing, whose recipe it is)",
        columns=_read("pymc_marketing_example.csv"),
    )


def _read(file: str) -> dict[str, Column]:
    """Columns of an embedded file; the unnamed column of row numbers is left out."""
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    columns = {name: [row[i] for row in rows] for i, name in enumerate(header) if name}
    return {name: _column(cells) for name, cells in columns.items()}


def _column(cells: list[str]) -> Column:
    try:
        return tuple(float("nan") if cell in ("", "NA") else float(cell) for cell in cells)
    except ValueError:
        return tuple(cells)
