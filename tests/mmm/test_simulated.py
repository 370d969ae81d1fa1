"""The simulated panel is that of the reference generator, and its truth is the truth."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semnan import DataError
from semnan.mmm import simulate_panel
from semnan.mmm.panels.simulated import CHANNELS, EFFECTS

REFERENCE = Path(__file__).parents[2] / ".." / "shared" / "data" / "mmm" / "panel.py"
TRANSFORMS: dict[str, Any] = {
    "adstock": {"TV": 0.5, "Social": 0.3, "Display": 0.2, "Search": 0.0},
    "hill": {"TV": (90.0, 1.5), "Social": (60.0, 1.0), "Display": (50.0, 2.0), "Search": (50.0, 1.2)},
}


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference generator is not at hand")
@pytest.mark.parametrize(
    ("seed", "geos", "weeks", "ours", "theirs"),
    [
        (0, 20, 104, {}, {}),
        (1, 5, 104, {"strength": 0.3, "season": False}, {"strength": 0.3, "season": False}),
        (2, 1, 156, {"strength": 0.0, "persistence": 0.8, "national": 0.5}, {"strength": 0.0, "rho": 0.8, "nat": 0.5}),
        (3, 4, 60, TRANSFORMS, TRANSFORMS),
    ],
)
def test_a_seed_means_what_it_means_to_the_reference(
    seed: int, geos: int, weeks: int, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    spec = importlib.util.spec_from_file_location("reference_panel", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    made, told = simulate_panel(seed, geos, weeks, **ours), reference.gen(seed, geos, weeks, **theirs)
    for name, values in zip(reference.COLS, np.moveaxis(told["X"], -1, 0), strict=True):
        np.testing.assert_allclose(made.panel[name], values, rtol=1e-12)
    np.testing.assert_array_equal(made.demand, told["D"])
    for name in CHANNELS:
        np.testing.assert_allclose(made.contributions[name], told["contrib"][name], rtol=1e-12)


def test_totals_are_sums_over_paths() -> None:
    totals = simulate_panel(0, 3, 30).totals
    through = (
        EFFECTS["TV", "Search"] * EFFECTS["Search", "Sales"] + EFFECTS["TV", "Social"] * EFFECTS["Social", "Sales"]
    )
    assert totals == pytest.approx({"TV": 1.0 + through, "Social": 1.5, "Display": 0.5, "Search": 1.2})
    assert totals["TV"] == pytest.approx(1.48)


def test_with_transforms_a_total_is_more_than_the_channels_own_term() -> None:
    made = simulate_panel(0, 3, 60, **TRANSFORMS)
    assert made.total_contributions["TV"].sum() > made.contributions["TV"].sum()
    np.testing.assert_allclose(made.total_contributions["Display"], made.contributions["Display"], atol=1e-6)


def test_strength_is_told() -> None:
    made = simulate_panel(0, 2, 20, strength=0.5)
    assert made.effects["demand", "Search"] == 4.0
    assert made.effects["demand", "GQV"] == 1.0


def test_the_graph_is_the_true_one() -> None:
    made = simulate_panel(0, 2, 20)
    made.graph.check_panel(made.panel)
    told = {*made.graph.edges, *made.graph.latent_edges}
    assert told == set(EFFECTS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"geos": 0},
        {"weeks": 1},
        {"persistence": 1.0},
        {"national": 1.5},
        {"adstock": TRANSFORMS["adstock"]},
        {"adstock": {"TV": 0.5}, "hill": TRANSFORMS["hill"]},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        simulate_panel(**wrong)
