"""The covariance matrix of the estimates."""

import json
from pathlib import Path

import numpy as np
import pytest

import semnan as sn
from semnan import Unavailable

TRUTH = Path(__file__).parents[2] / "shared" / "truth" / "sem" / "political_democracy" / "truth.json"
TEXT = """ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60
dem65 ~ ind60 + dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
"""


def test_its_diagonal_is_the_squared_standard_errors() -> None:
    fit = sn.sem(TEXT, sn.datasets.political_democracy().to_frame())
    assert not isinstance(fit.vcov, Unavailable)
    errors = np.sqrt(np.diagonal(fit.vcov))
    assert dict(zip(fit.estimates, errors.tolist(), strict=True)) == pytest.approx(fit.standard_errors, rel=1e-10)


def test_it_is_lavaans() -> None:
    if not TRUTH.exists():
        pytest.skip("needs the reference folder")
    said = json.loads(TRUTH.read_text())["vcov"]
    fit = sn.sem(TEXT, sn.datasets.political_democracy().to_frame())
    assert not isinstance(fit.vcov, Unavailable)
    values = np.reshape(said["values"], (len(said["rows"]), -1))
    scale = np.sqrt(np.outer(np.diagonal(values), np.diagonal(values)))
    ours = [f"{row.lhs}{row.op}{row.rhs}" for row in fit.parameters() if not row.fixed]
    assert ours == said["rows"]
    assert (np.abs(fit.vcov - values) / scale).max() < 1e-3


def test_it_is_not_there_where_a_parameter_is_not_identified() -> None:
    fit = sn.cfa("f =~ NA*x1 + x2 + x3", sn.datasets.holzinger_swineford_1939().to_frame())
    assert isinstance(fit.vcov, Unavailable)
