"""Findings on data and models that are made to have them, and none where nothing is to be told."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

import semnan as sn
from semnan import AMASEM, DataError, Fit, Moments
from semnan.estimation.finding import Finding, listed
from semnan.network import Layout, implied_moments

FOUR = "f =~ x1 + x2 + x3 + x4"


def kinds(fit: Fit) -> list[str]:
    return [found.kind for found in fit.findings]


def one(fit: Fit, kind: str) -> Finding:
    """The only finding of a kind; it is told in the summary."""
    (found,) = (found for found in fit.findings if found.kind == kind)
    assert kind.upper() in str(fit.summary()).upper()
    return found


def frame(n: int = 300, loadings: Sequence[float] = (0.8, 0.7, 0.6, 0.7), seed: int = 1) -> pd.DataFrame:
    """Indicators x1, x2, … of one factor."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n, 1))
    table = factor * np.array(loadings) + 0.7 * rng.normal(size=(n, len(loadings)))
    return pd.DataFrame(table, columns=names(len(loadings)))


def names(p: int) -> list[str]:
    return [f"x{i}" for i in range(1, p + 1)]


def moments(matrix: NDArray[np.float64], n: int = 300) -> Moments:
    return Moments.from_covariance(matrix, names(len(matrix)), n)


def centred(matrix: NDArray[np.float64]) -> Moments:
    return Moments.from_covariance(matrix, names(len(matrix)), 300, mean=np.zeros(len(matrix)))


def two_factors(correlation: float) -> NDArray[np.float64]:
    """The correlations of two factors' three indicators each."""
    loadings = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6]]))
    matrix = loadings @ np.array([[1.0, correlation], [correlation, 1.0]]) @ loadings.T
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix)


# -- nothing to tell


def test_a_good_fit_has_no_findings() -> None:
    assert sn.cfa(FOUR, frame()).findings == ()
    assert sn.cfa(FOUR, frame(), missing="fiml").findings == ()


# -- what is not identified


def still(fit: Fit, found: Finding) -> None:
    """A step along every direction changes the implied moments in the second order only."""
    layout = Layout.of(fit.model)
    place = {free.name: k for k, free in enumerate(fit.model.free)}
    visible = torch.tensor([layout.names.index(name) for name in fit.model.visibles])

    def implied(theta: torch.Tensor) -> torch.Tensor:
        mean, covariance = implied_moments(layout, theta)
        return torch.cat([mean[visible], covariance[visible][:, visible].flatten()])

    theta = fit.estimate.theta
    for way in found.directions:
        move = torch.zeros_like(theta)
        for name, weight in way:
            move[place[name]] = weight
        assert move.abs().max() > 0
        slope = (implied(theta + 1e-5 * move) - implied(theta - 1e-5 * move)) / 2e-5
        assert slope.abs().max() < 1e-7 * max(1.0, float(implied(theta).abs().max()))


def test_a_latent_without_a_scale_is_told_as_a_scaling() -> None:
    fit = sn.cfa("f =~ NA*x1 + x2 + x3 + x4", frame())
    found = one(fit, "not identified")
    loadings = [f"f -> {x}" for x in names(4)]
    assert found.names == (*loadings, "f <-> f")
    assert f"multiplying {', '.join(loadings)} by c and f <-> f by 1/c^2" in found.message
    (way,) = found.directions
    weights = dict(way)
    for name in loadings:
        assert weights[name] / weights[loadings[0]] == pytest.approx(fit.estimates[name] / fit.estimates[loadings[0]])
    relative = weights["f <-> f"] / fit.estimates["f <-> f"]
    assert relative == pytest.approx(-2 * weights[loadings[0]] / fit.estimates[loadings[0]])
    still(fit, found)


def test_two_latents_without_a_scale_are_two_scalings() -> None:
    text = "f =~ NA*x1 + x2 + x3; g =~ NA*x4 + x5 + x6"
    found = one(sn.cfa(text, moments(two_factors(0.4))), "not identified")
    assert len(found.directions) == 2
    for way, factor in zip(found.directions, "fg", strict=True):
        assert {name for name, _ in way} >= {f"{factor} <-> {factor}"}
        assert {name for name, _ in way if name != "f <-> g"} == {
            name for name, _ in way if name.startswith(factor)
        } - {"f <-> g"}
    assert found.message.count("changes nothing for any c") == 2
    assert "Fix 2 of them" in found.message


def test_means_of_a_latent_and_its_indicators() -> None:
    fit = sn.cfa(f"{FOUR}; f ~ 1", frame(), meanstructure=True)
    found = one(fit, "not identified")
    assert set(found.names) == {"1 -> f", *(f"1 -> {x}" for x in names(4))}
    weights = dict(found.directions[0])
    assert weights["1 -> x1"] == pytest.approx(-weights["1 -> f"])
    for x in names(4)[1:]:
        assert weights[f"1 -> {x}"] == pytest.approx(-weights["1 -> f"] * fit.estimates[f"f -> {x}"])
    still(fit, found)


def test_a_bow_has_two_directions_and_too_many_parameters() -> None:
    data = sn.datasets.holzinger_swineford_1939().moments("x1", "x2", "x3")
    fit = sn.fit(AMASEM.parse("latent U; U -> x1, x3; x1 -> x3"), data)
    found = one(fit, "not identified")
    assert len(found.directions) == 2
    assert min(len(way) for way in found.directions) == 3
    still(fit, found)
    assert "5 free parameters for 3 means and covariances" in one(fit, "negative degrees of freedom").message


def test_a_rotation_moves_all_loadings() -> None:
    rows = "; ".join(f"{x} ~~ {x}" for x in names(6))
    text = f"f =~ {' + '.join(names(6))}; g =~ {' + '.join(names(6))}; f ~~ 1*f; g ~~ 1*g; {rows}"
    matrix = two_factors(0.3) + 0.02 * np.cos(np.add.outer(np.arange(6), np.arange(6)))
    fit = sn.lavaan(text, moments(matrix))
    found = one(fit, "not identified")
    assert len(found.names) == 12
    still(fit, found)


def test_one_parameter_that_nothing_depends_on() -> None:
    data = centred(np.eye(4) + 0.3)
    rows = "f ~~ 1*f; f ~ 1; " + "; ".join(f"{x} ~~ {x}; {x} ~ 1" for x in names(4))
    fit = sn.lavaan(f"f =~ 0*x1; x1 ~~ x2 + x3; {rows}", data)
    found = one(fit, "not identified")
    assert found.names == ("1 -> f",)
    assert "any value of 1 -> f fits exactly as well" in found.message


def test_empirical_underidentification_is_not_of_the_model() -> None:
    """Two factors with two indicators each lean on their correlation, which is zero here."""
    matrix = np.kron(np.eye(2), np.array([[1.0, 0.5], [0.5, 1.0]]))
    fit = sn.cfa("f =~ x1 + x2; g =~ x3 + x4", moments(matrix))
    assert fit.not_identified == ()
    found = one(fit, "not identified here")
    assert {"f -> x2", "g -> x4", "f <-> f"} <= set(found.names)
    assert "f <-> g" not in found.names


def test_a_nearly_singular_information_names_its_parameters() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    data = pd.DataFrame({"a": x, "b": x + 3e-4 * rng.normal(size=400), "c": rng.normal(size=400)})
    data["y"] = data["a"] + data["c"] + rng.normal(size=400)
    found = one(sn.sem("y ~ a + b + c", data), "weakly identified")
    assert set(found.names) == {"a -> y", "b -> y"}


def test_a_loading_of_zero_has_no_information() -> None:
    """A common factor of two that covary negatively: only the square of the tied loading matters, best below zero."""
    matrix = np.array([[1.0, -0.2], [-0.2, 1.0]])
    text = "f =~ l*x1 + l*x2; f ~~ 1*f; x1 ~~ e*x1; x2 ~~ e*x2"
    fit = sn.lavaan(text, moments(matrix), optimiser=sn.FisherScoring(tolerance=1e-7))
    assert abs(fit.estimates["l"]) < 1e-2
    assert {"no information", "not identified here"} & set(kinds(fit))


# -- estimates that no population has


def test_a_heywood_case_with_its_standard_error() -> None:
    matrix = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.75], [0.9, 0.75, 1.0]])
    fit = sn.cfa("f =~ x1 + x2 + x3", moments(matrix, 100))
    found = one(fit, "Heywood case")
    assert found.names == ("x1",)
    assert fit.estimates["x1 <-> x1"] == pytest.approx(1 - 0.9 * 0.9 / 0.75)
    assert "-0.08" in found.message
    assert "beyond sampling error" in found.message
    small = sn.cfa("f =~ x1 + x2 + x3", moments(matrix, 12))
    assert "not beyond sampling error" in one(small, "Heywood case").message


def test_a_negative_variance_of_a_latent_with_a_single_indicator() -> None:
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    fit = sn.lavaan("f =~ 1*x1; x1 ~~ 1.5*x1; f ~~ f + x2; x2 ~~ x2", moments(matrix))
    assert "f" in one(fit, "Heywood case").names
    alone = sn.lavaan("f =~ 1*x1; x1 ~~ x1; f ~~ 1.5*f; x2 ~~ x2; x1 ~~ x2", moments(matrix))
    assert "x1 is the only indicator of f" in one(alone, "Heywood case").message


def test_latents_that_correlate_beyond_one() -> None:
    text = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6"
    fit = sn.cfa(text, moments(two_factors(1.2)))
    found = one(fit, "latent covariance")
    assert found.names == ("f", "g")
    assert "f and g correlate 1.20" in found.message
    parts = {g: centred(two_factors(r)) for g, r in (("a", 0.5), ("b", 1.2))}
    groups = sn.cfa(text, parts)
    assert one(groups, "latent covariance").names == ("f [b]", "g [b]")


def test_latents_whose_correlations_contradict_each_other() -> None:
    wanted = np.array([[1.0, 0.7, -0.7], [0.7, 1.0, 0.7], [-0.7, 0.7, 1.0]])
    loadings = np.kron(np.eye(4), np.full((3, 1), 0.6))
    latent = np.eye(4)
    latent[:3, :3] = wanted
    matrix = loadings @ latent @ loadings.T
    np.fill_diagonal(matrix, 1.0)
    text = "; ".join(f"f{k} =~ {' + '.join(names(12)[3 * k : 3 * k + 3])}" for k in range(4))
    found = one(sn.cfa(text, moments(matrix)), "latent covariance")
    assert found.names == ("f0", "f1", "f2")
    assert "none is beyond ±1" in found.message


def test_a_marker_that_does_not_measure_its_latent() -> None:
    matrix = two_factors(0.4)
    matrix[0, 1:] = matrix[1:, 0] = 0.004
    fit = sn.cfa("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6", moments(matrix))
    found = one(fit, "vanishing latent")
    assert found.names == ("f",)
    assert "marker x1" in found.message
    assert "vanishing latent" not in kinds(sn.cfa("f =~ x2 + x1 + x3; g =~ x4 + x5 + x6", moments(matrix)))


# -- endings


def test_a_fit_without_an_end_says_what_runs_away() -> None:
    """The tetrads ask for a loading of x1 without bound: r12 r13 / r23 grows as r23 tends to zero."""
    matrix = np.array([[1, 0.4, 0.4, 0.0], [0.4, 1, 0.0, 0.0], [0.4, 0.0, 1, 0.3], [0.0, 0.0, 0.3, 1.0]])
    fit = sn.cfa(FOUR, moments(matrix), std_lv=True, optimiser=sn.FisherScoring(max_steps=60))
    if fit.converged:
        pytest.fail("the model was meant to have no minimum")
    assert fit.findings[0].kind == fit.outcome.value
    assert one(fit, "runs away").names


# -- the data


def test_rows_left_out() -> None:
    data = frame()
    data.iloc[:7, 1] = np.nan
    found = one(sn.cfa(FOUR, data), "rows left out")
    assert "7 of 300 rows" in found.message
    assert "x2" in found.message
    assert "missing='fiml'" in found.message


def test_pairs_that_are_hardly_ever_observed_together() -> None:
    data = frame()
    data.iloc[:150, 0] = np.nan
    data.iloc[160:, 1] = np.nan
    found = one(sn.cfa(FOUR, data, missing="fiml"), "low coverage")
    assert found.names == ("x1", "x2")
    assert "in 10 of 300 rows" in found.message
    data.iloc[20:, 2] = np.nan
    assert "x3 in 20 of 300 rows" in one(sn.cfa(FOUR, data, missing="fiml"), "low coverage").message


@pytest.mark.parametrize(("n", "kind"), [(12, "tiny sample"), (20, "small sample")])
def test_samples_too_small(n: int, kind: str) -> None:
    fit = sn.cfa("f =~ x1 + x2 + x3 + x4 + x5 + x6", frame(n, [0.9] * 6, seed=5))
    assert f"n = {n}" in one(fit, kind).message
    assert len({"tiny sample", "small sample"} & set(kinds(fit))) == 1


def test_fewer_rows_than_variables_is_an_error_that_names_them() -> None:
    with pytest.raises(DataError, match=r"singular: .*x6.*more rows than variables"):
        sn.cfa("f =~ x1 + x2 + x3 + x4 + x5 + x6", frame(6, [0.8] * 6))


def test_linear_combinations_empty_and_constant_columns_are_errors_that_name_them() -> None:
    data = frame()
    data["sum"] = data["x1"] - 2 * data["x2"]
    data["same"] = 3.0
    data["empty"] = np.nan
    with pytest.raises(DataError, match="sum depend"):
        sn.cfa(f"{FOUR} + sum", data)
    with pytest.raises(DataError, match="'same' is constant"):
        sn.cfa(f"{FOUR} + same", data)
    with pytest.raises(DataError, match="empty"):
        sn.cfa(f"{FOUR} + empty", data)
    with pytest.raises(DataError, match="'empty' is missing in every row"):
        sn.cfa(f"{FOUR} + empty", data, missing="fiml")


def test_scales_that_are_far_apart() -> None:
    data = frame()
    data["x2"] *= 1e3
    found = one(sn.cfa(FOUR, data), "different scales")
    assert found.names[0] == "x2"
    assert "rescaled" in found.message
    data["x2"] /= 50
    assert "different scales" not in kinds(sn.cfa(FOUR, data))


def test_few_values_are_told_of_dependent_variables_only() -> None:
    data = frame()
    data["x1"] = (data["x1"] > 0).astype(int)
    data["x3"] = data["x3"].round().clip(-1, 1)
    found = one(sn.cfa(FOUR, data), "few values")
    assert found.names == ("x1", "x3")
    assert "x1 (binary), x3 (3 values)" in found.message
    assert "few values" not in kinds(sn.sem("x2 ~ x1 + x3", data))
    data.iloc[:3, 0] = np.nan
    assert "x1 (binary)" in one(sn.cfa(FOUR, data, missing="fiml"), "few values").message


def test_a_saturated_model() -> None:
    assert "no degrees of freedom" in one(sn.sem("x1 ~ x2 + x3", frame()), "saturated").message


def test_findings_are_in_json_too() -> None:
    data = frame()
    data.iloc[:7, 1] = np.nan
    assert "7 of 300 rows" in str(sn.cfa(FOUR, data).to_dict())


def test_long_lists_are_cut() -> None:
    assert listed(names(10)) == "x1, x2, x3, x4, x5, x6, x7, x8 and 2 more"
    assert listed(names(8)) == ", ".join(names(8))
