"""Factor scores: lavaan's, those of dense formulas where lavaan errs, new rows, and what has no score."""

import math

import numpy as np
import polars as pl
import pytest

import semnan as sn
from semnan import DataError, Fit, FitError, Moments, PathModel, Unavailable
from semnan.estimation.factor_scores import FactorScores
from semnan.estimation.scores import Method

from .references import Array, fitted, having_scores, score_heads, shared

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
#: Where lavaan (to 0.7) errs. Without means, those of visibles that are regressed on something count twice in its
#: centre; its regression scores leave out that residuals of latents and visibles covary; its Bartlett scores take
#: visibles that others depend on for unknown; and a second-order latent has a Bartlett score since 0.7 only, which
#: agrees with ours.
ERRS = {
    "regression": ("meanstructure_covariates", "latent_regressions", "equal_modifier", "bare_spelt_out"),
    "bartlett": (
        *("meanstructure_covariates", "latent_regressions", "equal_modifier", "bare_spelt_out", "missing_regression"),
        *("second_order", "shared/hs_latent_confounders"),
    ),
}
CENTRED_TWICE = "shared/hs_latent_confounders"
METHODS: tuple[Method, ...] = ("regression", "bartlett")


def scored(fit: Fit, data: object = None, method: Method = "regression", group: str | None = None) -> FactorScores:
    found = fit.factor_scores(data, method=method, group=group)  # type: ignore[arg-type]
    assert not isinstance(found, Unavailable)
    return found


def of_group(fit: Fit, method: Method, g: int) -> Array:
    found = scored(fit, method=method)
    label = fit.model.groups[g] if fit.model.groups else None
    return found.values[[other == label for other in found.groups]]


@pytest.mark.parametrize(
    ("name", "method"), [(name, how) for how in METHODS for name in having_scores() if name not in ERRS[how]]
)
def test_scores_of_lavaan(name: str, method: Method) -> None:
    fit = fitted(name)
    for g, names, said in score_heads(name, method):
        ours = of_group(fit, method, g)[: len(said), [fit.model.latents.index(latent) for latent in names]]
        if name == CENTRED_TWICE:
            ours, said = ours - ours[0], said - said[0]
        assert ours == pytest.approx(said, rel=1e-3, abs=1e-4 if shared(name) else 1e-8, nan_ok=True)


def dense(fit: Fit) -> tuple[list[str], Array, Array]:
    """Names, W and Ω of a single group from its table alone."""
    names = [*fit.model.visibles, *fit.model.latents]
    theta = dict(fit.estimates)
    weights, omega = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    sample = fit.moments.covariance
    given = [names.index(name) for name in fit.model.exogenous]
    omega[np.ix_(given, given)] = sample[np.ix_(given, given)]
    owner = {i: free.name for free in fit.model.free for i in free.rows}
    for i, row in enumerate(fit.model.parameters):
        value = theta[owner[i]] if i in owner else row.fixed
        a, b = names.index(row.source), names.index(row.target)
        if row.kind.value == "path":
            weights[a, b] = value
        elif row.kind.value == "covariance":
            omega[a, b] = omega[b, a] = value
    return names, weights, omega


@pytest.mark.parametrize("name", [*ERRS["bartlett"][:4], CENTRED_TWICE, "std_lv"])
def test_scores_by_dense_formulas(name: str) -> None:
    if name not in having_scores():
        pytest.skip("the data are not at hand")
    fit = fitted(name)
    names, weights, omega = dense(fit)
    p, n = len(fit.model.visibles), len(names)
    total = np.linalg.inv(np.eye(n) - weights)
    phi = total.T @ omega @ total
    rows = fit.sample.groups[0].rows
    assert rows is not None
    centred = rows - (fit.implied().mean[:p] if fit.implied().mean is not None else rows.mean(0))  # type: ignore[index]
    by_regression = centred @ np.linalg.solve(phi[:p, :p], phi[:p, p:])
    found = scored(fit).values
    assert found - found.mean(0) == pytest.approx(by_regression - by_regression.mean(0), abs=1e-6)
    # After do(latents) visibles are moved by these, and by what else moves them.
    among = np.linalg.inv(np.eye(p) - weights[:p, :p])
    effects, spread = weights[p:, :p] @ among, among.T @ omega[:p, :p] @ among
    inverse = np.linalg.inv(spread)
    likeliest = centred @ np.linalg.solve(effects @ inverse @ effects.T, effects @ inverse).T
    found = scored(fit, method="bartlett").values
    assert found - found.mean(0) == pytest.approx(likeliest - likeliest.mean(0), abs=1e-6)


def test_new_rows_in_any_order() -> None:
    fit = sn.cfa(CFA, FRAME)
    for method in METHODS:
        own = scored(fit, method=method)
        turned = scored(fit, pl.from_pandas(FRAME[["x9", *(f"x{i}" for i in range(1, 9))]])[::-1], method=method)
        assert turned.values[::-1] == pytest.approx(own.values, abs=1e-10)
    assert len(own) == 301
    assert own["textual"] == pytest.approx(own.values[:, 1])


def test_groups_find_their_model() -> None:
    fit = sn.cfa(CFA, FRAME, group="school", meanstructure=True)
    own, fresh = scored(fit), scored(fit, FRAME)
    assert list(fresh.groups) == FRAME["school"].tolist()
    assert np.concatenate([fresh.values[FRAME["school"] == label] for label in fit.model.groups]) == pytest.approx(
        own.values, abs=1e-10
    )
    some = FRAME["school"] == "Pasteur"
    assert scored(fit, FRAME[some]).values == pytest.approx(fresh.values[some], abs=1e-10)
    assert len(scored(fit, FRAME[:0])) == 0
    frame = fresh.to_frame("polars")
    assert frame.columns == ["school", "visual", "textual", "speed"]
    with pytest.raises(DataError, match="row 3 has the group 'Elsewhere'"):
        fit.factor_scores(FRAME.assign(school=["Pasteur"] * 3 + ["Elsewhere"] * 298))


def test_what_is_observed_is_used() -> None:
    fit = sn.cfa(CFA, FRAME, meanstructure=True)
    holes = FRAME.copy()
    holes.loc[0, ["x1", "x4", "x5", "x6"]] = np.nan
    found = scored(fit, holes).values[0]
    at = [fit.model.visibles.index(name) for name in ("x2", "x3", "x7", "x8", "x9")]
    implied = fit.implied()
    assert implied.mean is not None
    row = FRAME.loc[0, ["x2", "x3", "x7", "x8", "x9"]].to_numpy(float) - implied.mean[at]
    weights = np.linalg.solve(implied.covariance[np.ix_(at, at)], implied.covariance[at, 9:])
    assert found == pytest.approx(row @ weights)
    bartlett = scored(fit, holes, "bartlett")
    assert math.isnan(bartlett["textual"][0])
    assert not np.isnan(bartlett.values[1:]).any()
    assert list(bartlett.reasons) == ["textual"]
    assert "do not determine it" in bartlett.reasons["textual"].reason


def test_an_empty_row_has_no_score() -> None:
    fit = sn.cfa(CFA, FRAME)
    found = scored(fit, FRAME.assign(**{f"x{i}": [np.nan, *FRAME[f"x{i}"].tolist()[1:]] for i in range(1, 10)}))
    assert np.isnan(found.values[0]).all()
    assert not np.isnan(found.values[1:]).any()
    assert set(found.reasons) == {"visual", "textual", "speed"}
    assert "no value" in found.reasons["speed"].reason


def test_incomplete_rows_of_a_fit() -> None:
    holes = FRAME.copy()
    holes.loc[:50, "x1"] = np.nan
    complete, incomplete = sn.cfa(CFA, holes), sn.cfa(CFA, holes, missing="fiml")
    assert len(scored(complete)) == 250  # listwise: those it used
    assert len(scored(incomplete)) == 301
    assert len(scored(complete, holes)) == 301
    assert not np.isnan(scored(complete, holes).values).any()


def test_an_indicator_without_error_is_the_latent() -> None:
    fit = sn.sem("f =~ 1*x1\nx1 ~~ 0*x1\ng =~ x4 + x5 + x6\ng ~ f", FRAME)
    for method in METHODS:
        assert scored(fit, method=method)["f"] == pytest.approx(FRAME["x1"] - FRAME["x1"].mean(), abs=1e-8)


def test_latents_that_the_visibles_cannot_tell_apart() -> None:
    fit = sn.lavaan("f =~ 1*x1 + 1*x2\ng =~ 1*x1 + 1*x2\nf ~~ 1*f\ng ~~ g\nx1 ~~ x1\nx2 ~~ x2", FRAME)
    found = scored(fit, method="bartlett")
    assert np.isnan(found.values).all()
    assert set(found.reasons) == {"f", "g"}
    assert not np.isnan(scored(fit).values).any()


def test_what_is_told() -> None:
    fit = sn.cfa(CFA, FRAME)
    with pytest.raises(FitError, match="method is 'ebm'"):
        fit.factor_scores(method="ebm")
    with pytest.raises(DataError, match="no column 'x1'"):
        fit.factor_scores(FRAME[["x2"]])
    with pytest.raises(DataError, match="infinite"):
        fit.factor_scores(FRAME.assign(x1=np.inf))
    with pytest.raises(FitError, match="no latent 'x'"):
        scored(fit)["x"]
    with pytest.raises(FitError, match="backend is 'R'"):
        scored(fit).to_frame("R")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="no latents"):
        sn.sem("x1 ~ x2", FRAME).factor_scores()
    names = [f"x{i}" for i in range(1, 10)]
    moments = Moments.from_frame(FRAME, names)
    blind = sn.cfa(CFA, Moments.from_covariance(moments.covariance, names, 301))
    with pytest.raises(FitError, match="no rows"):
        blind.factor_scores()
    with pytest.raises(DataError, match="knows no means"):
        blind.factor_scores(FRAME)
    assert scored(sn.cfa(CFA, moments), FRAME).values == pytest.approx(scored(fit).values)


def test_a_model_that_is_not_identified_has_no_scores() -> None:
    fit = sn.fit(PathModel.from_lavaan("f =~ NA*x1 + x2 + x3\nf ~~ f", function="cfa"), FRAME)
    found = fit.factor_scores()
    assert isinstance(found, Unavailable)
    assert "f -> x1" in found.reason
