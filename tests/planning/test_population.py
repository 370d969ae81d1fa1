"""Populations: moments by hand, standardised values, and values that are missing or impossible."""

import numpy as np
import pytest

import semnan as sn
from semnan import FitError, ModelError, PathModel, covariance, path
from semnan.planning.populations import as_population


def test_values_imply_moments() -> None:
    found = sn.population("y ~ 0.5*x + 2*1; x ~ 1*1; x ~~ 4*x; y ~~ 3*y").moments()
    assert found.names == ("y", "x")
    assert found.covariance == pytest.approx(np.array([[4.0, 2.0], [2.0, 4.0]]))
    assert found.mean == pytest.approx(np.array([2.5, 1.0]))


def test_standardised_values() -> None:
    text = "f =~ 0.8*a + 0.7*b + 0.6*c; f ~ 0.3*x + 0.2*z; x ~~ 0.4*z; y ~ 0.5*f + 0.2*x; a ~~ 0.1*b; y ~~ 0.1*a"
    found = sn.population(text, standardised=True).moments()
    place = {name: i for i, name in enumerate(found.names)}
    assert np.diag(found.covariance) == pytest.approx(np.ones(6))
    f_x, f_z = 0.3 + 0.4 * 0.2, 0.2 + 0.4 * 0.3
    assert found.covariance[place["x"], place["c"]] == pytest.approx(0.6 * f_x)
    assert found.covariance[place["a"], place["b"]] == pytest.approx(0.56 + 0.1)
    assert found.covariance[place["y"], place["z"]] == pytest.approx(0.5 * f_z + 0.2 * 0.4)
    assert found.covariance[place["y"], place["a"]] == pytest.approx(0.8 * (0.5 + 0.2 * f_x) + 0.1)


def test_a_variance_that_is_written_stays() -> None:
    found = sn.population("y ~ 0.5*x; y ~~ 2*y", standardised=True).moments()
    assert np.diag(found.covariance) == pytest.approx([2.25, 1.0])


def test_groups() -> None:
    found = sn.population("y ~ c(0.3, 0.5)*x; x ~~ 1*x; y ~~ c(1, 2)*y", groups=["a", "b"])
    assert found.labels == ("a", "b")
    assert found.moments("b").covariance[0, 0] == pytest.approx(2.25)
    with pytest.raises(FitError, match="no group 'c'"):
        found.moments("c")


def test_path_models_and_fits() -> None:
    model = PathModel(
        ("x", "y"), (), (path("x", "y", start=0.4), covariance("x", fixed=1.0), covariance("y", start=1.0))
    )
    assert sn.population(model).moments().covariance == pytest.approx(np.array([[1.0, 0.4], [0.4, 1.16]]))
    frame = sn.datasets.political_democracy().to_frame()
    fit = sn.sem("y1 ~ x1 + 0*x2", frame)
    assert as_population(fit).moments().covariance == pytest.approx(fit.implied_covariance)
    assert as_population(fit.moments).moments() is fit.moments


def test_fits_that_are_no_population() -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()[["x1", "x2", "x3", "x4"]]
    text = "f =~ x1 + x2 + x3 + x4"
    with pytest.raises(FitError, match="did not converge"):
        sn.power(text, sn.cfa(text, frame, optimiser=sn.FisherScoring(max_steps=1)), 300)
    ordered = sn.cfa(text, frame.round().clip(2, 5), ordered=list(frame.columns))
    with pytest.raises(FitError, match="latent responses"):
        sn.power(text, ordered, 300)


def test_what_is_refused() -> None:
    with pytest.raises(ModelError, match="no value for y <-> y"):
        sn.population("y ~ 0.5*x; x ~~ 1*x")
    with pytest.raises(ModelError, match="no value for x -> y"):
        sn.population("y ~ x", standardised=True)
    with pytest.raises(ModelError, match=r"variance of 'y' would be 1\.44"):
        sn.population("y ~ 1.2*x", standardised=True)
    with pytest.raises(ModelError, match="no covariance"):
        sn.population("x ~~ 1*x; y ~~ 1*y; x ~~ 2*y")
    with pytest.raises(ModelError, match="'x' is given"):
        sn.population(PathModel.from_lavaan("y ~ 0.5*x; y ~~ 1*y"))
    with pytest.raises(ModelError, match="not from a int"):
        sn.population(3)  # type: ignore[arg-type]
    with pytest.raises(FitError, match="list is no population"):
        as_population([1])  # type: ignore[arg-type]
