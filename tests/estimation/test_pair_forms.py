"""Forms in the slopes of pairs: the same as with a slope for every pair, and lavaan's answers by this way too."""

import numpy as np
import pytest
import torch

import semnan as sn
from semnan import Fit, Unavailable
from semnan.estimation import pair_forms, residual_variance
from semnan.estimation import spent as spending
from semnan.estimation.candidates import candidates
from semnan.estimation.extended import ExtendedGroup
from semnan.estimation.moment_pairs import MomentPairs
from semnan.estimation.pair_forms import Entries, private
from semnan.estimation.pattern_information import lower
from semnan.estimation.residual_variance import CompleteBlock, blocks, inverse_within
from semnan.estimation.spent import spent

from .references import fitted
from .test_modification import test_every_index_of_lavaan as every_index_of_lavaan
from .test_residuals import check

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
MODELS = {
    "cross-loadings": f"{CFA}\nvisual =~ x9 + x7",
    "a residual covariance": f"{CFA}\nx1 ~~ x4\nx7 ~~ x8",
    "a fixed residual covariance": f"{CFA}\nx1 ~~ 0.2*x4",
    "ties": "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + a*x5 + x6\nspeed =~ x7 + x8 + x9\nx1 ~~ v*x1\nx9 ~~ v*x9",
    "a small residual": f"{CFA}\nx1 ~~ 0.0001*x1",
    "no residual": f"{CFA}\nx1 ~~ 0*x1",
    "visible parents": f"{CFA}\nspeed ~ x1 + visual\nx4 ~ x5",
    "a second order": f"{CFA}\ng =~ visual + textual + speed",
    "all visible": "x9 ~ x1 + x2\nx8 ~ x1 + x3\nx7 ~ x2 + x3\nx6 ~ x3",
}


def random_form(size: int) -> torch.Tensor:
    values = torch.tensor(np.random.default_rng(size).normal(size=(size, size)))
    return values @ values.mT


@pytest.fixture
def no_entry_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models too go by forms."""
    monkeypatch.setattr(spending, "FEW", 0)
    monkeypatch.setattr(residual_variance, "FEW", 0)
    monkeypatch.setattr(spending._Pairs, "worthwhile", True)
    monkeypatch.setattr(MomentPairs, "worthwhile", True)


def fit(name: str, means: bool) -> Fit:
    found: Fit = sn.sem(MODELS[name], FRAME, meanstructure=means)
    return found


@pytest.mark.usefixtures("no_entry_by_itself")
@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_what_parameters_take_of_entries(name: str, means: bool) -> None:
    estimate = fit(name, means).estimate
    group = ExtendedGroup.of(estimate, 0)
    listed = candidates(estimate.model, estimate.layouts[0], None)
    some = Entries.of(group.relations, listed.is_path, listed.row, listed.column)
    form = random_form(estimate.layouts[0].size)
    crossed = group.crossed(some)
    wanted = ((crossed @ form) * crossed).sum(-1)
    assert np.asarray(spent(group, some, form)) == pytest.approx(np.asarray(wanted), rel=1e-9)


@pytest.mark.usefixtures("no_entry_by_itself")
@pytest.mark.parametrize("name", MODELS)
def test_how_parameters_change_moments(name: str) -> None:
    estimate = fit(name, True).estimate
    found = blocks(estimate)
    assert not isinstance(found, Unavailable)
    (block,) = found
    assert isinstance(block, CompleteBlock)
    variance, twisted = (random_form(size)[: len(block.inner), : len(block.inner)] for size in (100, 101))
    i, j = lower(len(block.visible))
    slopes = torch.cat([block.means, block.slopes(i, j)])
    p = len(block.visible)
    sigma = torch.zeros(len(block.inner), p, p).double()
    sigma[:, i, j] = sigma[:, j, i] = slopes[p:].mT
    first, second = block.lifts
    lifted = (first @ sigma @ first.mT - second @ sigma @ second.mT)[:, i, j].mT
    lifted = torch.cat([(first - second) @ block.means, lifted])
    wanted = ((slopes @ twisted) * slopes - 2 * (slopes @ variance) * lifted).sum(-1)
    assert np.asarray(block.change(variance, twisted)) == pytest.approx(np.asarray(wanted), rel=1e-9, abs=1e-9)


def test_only_variables_with_residuals_of_their_own_are_private() -> None:
    def names(name: str) -> set[str]:
        relations = ExtendedGroup.of(fit(name, True).estimate, 0).relations
        return {relations.layout.names[i] for i in private(relations).tolist()}

    every = {f"x{i}" for i in range(1, 10)}
    assert names("cross-loadings") == every
    assert names("a residual covariance") == every - {"x1", "x4", "x7", "x8"}
    assert names("a fixed residual covariance") == every - {"x1", "x4"}
    assert names("visible parents") == every - {"x1", "x5"}


@pytest.mark.usefixtures("no_entry_by_itself")
@pytest.mark.parametrize("held", [1, 1 << 20])
def test_some_at_a_time(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    expected = sn.cfa(CFA, FRAME).modification_indices()
    monkeypatch.setattr(pair_forms, "HELD", held)
    monkeypatch.setattr(pair_forms, "MOST", 0)
    found = sn.cfa(CFA, FRAME).modification_indices()
    assert not isinstance(expected, Unavailable)
    assert not isinstance(found, Unavailable)
    assert [row.mi for row in found] == pytest.approx([row.mi for row in expected], rel=1e-9)


@pytest.mark.usefixtures("no_entry_by_itself")
@pytest.mark.parametrize(
    "name", ["std_lv", "meanstructure_covariates", "second_order", "groups_intercepts", "na_and_fixed"]
)
def test_every_index_of_lavaan_by_forms(name: str) -> None:
    every_index_of_lavaan(name)


@pytest.mark.usefixtures("no_entry_by_itself")
@pytest.mark.parametrize("name", ["std_lv", "meanstructure_covariates", "second_order", "na_and_fixed"])
def test_standardised_residuals_of_lavaan_by_forms(name: str) -> None:
    check(name, "standardized", 1e-6)


@pytest.mark.parametrize("name", ["std_lv", "linear_sum", "inequality_active", "groups_loadings"])
def test_inverse_within_what_constraints_leave(name: str) -> None:
    estimate = fitted(name).estimate
    assert not isinstance(estimate.inference, Unavailable)
    groups = [ExtendedGroup.of(estimate, g) for g in range(len(estimate.labels))]
    dense = sum((group.inner for group in groups), torch.zeros(()))
    # Of complete rows the information is that of the fit, so that the estimates have this covariance.
    wanted = estimate.inference.covariance()
    assert np.asarray(inverse_within(estimate.inference, dense)) == pytest.approx(
        np.asarray(wanted), rel=1e-6, abs=1e-9
    )
