"""Residuals in every unit against lavaan, their standard errors against the dense formula, and implied moments."""

import numpy as np
import pandas as pd
import pytest
import torch

import semnan as sn
from semnan import Fit, FitError, PathModel, Unavailable
from semnan.estimation.residuals import GroupResiduals, Units
from semnan.network import implied_moments

from ..lavaan_cases import case
from .references import Array, fitted, having, matrix, residual_parts, shared

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
#: lavaan 0.6-14 takes groups for independent though parameters are tied across them; 0.7 does not. See below.
TIED = (
    *("groups_loadings", "groups_intercepts", "groups_partial", "groups_regressions", "group_labels"),
    "missing_groups",
)
#: A residual whose standard error is zero but for rounding; lavaan divides by it.
ROUNDING = {"shared/satact_path"}


def parts(fit: Fit, units: Units) -> dict[str | None, GroupResiduals]:
    found = {label: fit.residuals(units, label) for label in fit.model.groups or (None,)}
    return {label: part for label, part in found.items() if not isinstance(part, Unavailable)}


def check(name: str, units: Units, tolerance: float) -> None:
    ours, compared = parts(fitted(name), units), 0
    for label, names, covariance, mean in residual_parts(name, units):
        found = ours[label]
        at = [found.names.index(variable) for variable in names]
        wild = np.abs(covariance) > 1e5 if name in ROUNDING else np.zeros_like(covariance, dtype=bool)
        assert found.covariance[np.ix_(at, at)][~wild] == pytest.approx(covariance[~wild], rel=1e-3, abs=tolerance)
        if found.mean is not None:
            assert mean is not None
            assert found.mean[at] == pytest.approx(mean, rel=1e-3, abs=tolerance)
        compared += 1
    assert compared


@pytest.mark.parametrize("name", having("residuals"))
def test_raw_residuals(name: str) -> None:
    check(name, "raw", 1e-8)


@pytest.mark.parametrize("name", having("residuals", "resid_cor"))
def test_bentlers_residuals(name: str) -> None:
    check(name, "cor.bentler", 1e-5 if shared(name) else 1e-8)


@pytest.mark.parametrize("name", [name for name in having("residuals", "resid_std") if name not in TIED])
def test_standardised_residuals(name: str) -> None:
    check(name, "standardized", 1e-3 if shared(name) else 1e-6)


def dense_errors(fit: Fit) -> tuple[Array, Array]:
    """Standard errors of all raw residuals of complete groups by matrices, the slopes by central differences."""
    estimate, step = fit.estimate, 1e-5
    p, groups = len(fit.model.visibles), len(estimate.labels)
    i, j = np.tril_indices(p)
    pick = np.zeros((len(i), p * p))
    for k, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        pick[k, a * p + b] += 0.5
        pick[k, b * p + a] += 0.5

    def moments(theta: torch.Tensor) -> Array:
        found = []
        for layout in estimate.layouts:
            place = [layout.names.index(name) for name in fit.model.visibles]
            mean, sigma = (np.asarray(part) for part in implied_moments(layout, theta))
            found += [mean[place], sigma[np.ix_(place, place)][i, j]]
        return np.concatenate(found)

    columns = []
    for k in range(len(estimate.theta)):
        move = torch.zeros_like(estimate.theta)
        move[k] = step
        columns.append((moments(estimate.theta + move) - moments(estimate.theta - move)) / (2 * step))
    slopes, size = np.stack(columns, 1), p + len(i)
    gamma, weight = np.zeros((groups * size, groups * size)), np.zeros((groups * size, groups * size))
    for g, (sample, implied) in enumerate(zip(estimate.samples, estimate.implied, strict=True)):
        own = slice(g * size, (g + 1) * size)
        share = sample.n / estimate.n
        gamma[own, own] = spread(sample.covariance, pick) / share
        weight[own, own] = np.linalg.inv(spread(np.asarray(implied.sigma), pick)) * share
    twist = np.eye(len(gamma)) - slopes @ np.linalg.inv(slopes.T @ weight @ slopes) @ slopes.T @ weight
    variance = np.diag(twist @ gamma @ twist.T).reshape(groups, size) / estimate.n
    return np.sqrt(variance[:, :p].clip(0)), np.sqrt(variance[:, p:].clip(0))


def spread(covariance: Array, pick: Array) -> Array:
    """N times the covariance of normal means and covariances (lower triangle)."""
    p = len(covariance)
    found = np.zeros((p + len(pick), p + len(pick)))
    found[:p, :p] = covariance
    found[p:, p:] = 2 * pick @ np.kron(covariance, covariance) @ pick.T
    return found


@pytest.mark.parametrize("name", ["groups_loadings", "groups_intercepts", "groups_partial", "groups_configural"])
def test_standard_errors_by_matrices(name: str) -> None:
    fit = fitted(name)
    means, covariances = dense_errors(fit)
    for g, label in enumerate(fit.model.groups):
        found = fit.residual_errors(label)
        assert not isinstance(found, Unavailable)
        assert found.mean is not None
        scale = np.sqrt(np.diag(fit.estimate.samples[g].covariance))
        lower = np.tril_indices(len(found.names))
        units = np.outer(scale, scale)[lower]
        assert found.covariance[lower] / units == pytest.approx(covariances[g] / units, rel=1e-4, abs=1e-5)
        assert found.mean / scale == pytest.approx(means[g] / scale, rel=1e-4, abs=1e-5)


def test_two_groups_miss_equal_intercepts_in_opposite_directions() -> None:
    # The weighted residuals of the means sum to zero, so their z values are the same but for the sign.
    first, second = parts(fitted("groups_intercepts"), "standardized").values()
    assert first.mean is not None
    assert second.mean is not None
    assert first.mean == pytest.approx(-second.mean, rel=1e-6)


def test_correlations_normalized_and_errors() -> None:
    fit = sn.cfa(CFA, FRAME, meanstructure=True)
    found = {units: parts(fit, units)[None].covariance for units in ("raw", "cor.bollen", "normalized", "standardized")}
    sample, implied = fit.moments.covariance, fit.implied_covariance
    assert found["raw"] == pytest.approx(sample - implied)
    correlations = [m / np.sqrt(np.outer(np.diag(m), np.diag(m))) for m in (sample, implied)]
    assert found["cor.bollen"] == pytest.approx(correlations[0] - correlations[1], abs=1e-12)
    variance = (np.outer(np.diag(sample), np.diag(sample)) + sample**2) / 301
    assert found["normalized"] == pytest.approx((sample - implied) / np.sqrt(variance), abs=1e-12)
    errors = fit.residual_errors()
    assert not isinstance(errors, Unavailable)
    assert found["standardized"] * errors.covariance == pytest.approx(found["raw"], abs=1e-6)
    assert errors.mean == pytest.approx(0.0, abs=1e-9)


def test_what_residuals_cannot_be() -> None:
    fit = sn.cfa(CFA, FRAME)
    with pytest.raises(FitError, match="units is 'z'"):
        fit.residuals("z")
    with pytest.raises(FitError, match="no groups"):
        fit.residuals(group="a")
    other = sn.fit(PathModel.from_lavaan(CFA, function="cfa"), FRAME, discrepancy=sn.UnweightedLeastSquares)
    assert isinstance(other.residuals("standardized"), Unavailable)
    assert isinstance(other.residual_errors(), Unavailable)
    assert not isinstance(other.residuals("normalized"), Unavailable)


@pytest.mark.parametrize("name", [name for name in having("cov_lv") if shared(name)])
def test_implied_moments(name: str) -> None:
    fit, said = fitted(name), case(name).said
    for label in fit.model.groups or (None,):
        latent, implied = (said[key] if label is None else said[key][label] for key in ("cov_lv", "implied"))
        found = fit.implied(label)
        names, covariance = matrix(latent)
        scale = np.sqrt(np.abs(np.diag(covariance)))
        ours = found.select(names).covariance
        assert ours / np.outer(scale, scale) == pytest.approx(covariance / np.outer(scale, scale), abs=1e-4)
        names, covariance = matrix(implied["cov"])
        assert found.select(names).covariance == pytest.approx(covariance, rel=1e-3, abs=1e-3)
        if found.mean is not None:
            assert found.select(names).mean == pytest.approx(np.array(implied["mean"]["values"]), rel=1e-4, abs=1e-4)


def test_implied_moments_are_a_copy_and_select() -> None:
    frame = pd.DataFrame(FRAME)
    fit = sn.cfa("visual =~ x1 + x2 + x3", frame)
    assert fit.implied().names == ("x1", "x2", "x3", "visual")
    assert fit.implied().mean is None
    fit.implied().covariance[:] = 0
    assert fit.implied().select(["x2"]).covariance[0, 0] == pytest.approx(fit.moments.covariance[1, 1], rel=1e-6)
    with pytest.raises(FitError, match="no variable 'x9'"):
        fit.implied().select(["x9"])
