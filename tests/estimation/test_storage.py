"""A saved fit comes back the same, bit for bit."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import semnan
from semnan import AMASEM, FileError, Fit, Moments, Unavailable, fit

from .models import political_democracy, sample


def fits() -> list[Fit]:
    democracy = semnan.datasets.political_democracy().moments()
    bow = AMASEM.parse("latent U; U -> X, Y; X -> Y")
    cov = Moments.from_covariance(sample(bow, 1, 99).covariance, ["X", "Y"], 99)
    unweighted = fit(bow, cov, discrepancy=semnan.UnweightedLeastSquares)
    return [fit(political_democracy(), democracy, starts=3), fit(bow, cov), unweighted]


def constrained() -> Fit:
    """Two groups with gaps, an exogenous covariate, a defined parameter and a constraint."""
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.normal(size=(120, 4)) @ rng.normal(size=(4, 4)), columns=list("abcx"))
    table.loc[::7, "a"] = np.nan
    table["g"] = ["one", "two"] * 60
    text = "f =~ a + p*b + q*c; f ~ r*x; p == 2*q; double := 2 * r ^ 2; r > -9"
    found: Fit = semnan.sem(text, table, group="g", missing="fiml")
    return found


def test_groups_gaps_and_constraints(tmp_path: Path) -> None:
    before = constrained()
    before.save(tmp_path / "saved")
    after = semnan.load(tmp_path / "saved")
    assert after.model == before.model
    assert after.estimate.samples == before.estimate.samples
    assert after.log_likelihood == before.log_likelihood
    assert after.to_dict() == before.to_dict()


@pytest.mark.parametrize("which", range(3))
def test_bit_for_bit(which: int, tmp_path: Path) -> None:
    before = fits()[which]
    before.save(tmp_path / "saved.fit")
    after = semnan.load(tmp_path / "saved.fit")
    one, two = before.estimate, after.estimate
    assert torch.equal(one.theta, two.theta)
    assert one.model == two.model
    assert one.samples == two.samples
    assert one.n == two.n
    for name in ("value", "gradient", "steps", "outcome", "start_values", "discrepancy"):
        assert getattr(one, name) == getattr(two, name)
    assert not isinstance(one.inference, Unavailable)
    assert not isinstance(two.inference, Unavailable)
    for name, value in vars(one.inference).items():
        assert torch.equal(value, getattr(two.inference, name))
    assert after.to_dict() == before.to_dict()
    assert str(after.summary()) == str(before.summary())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["saved.fit.json", "saved.fit.safetensors"]


def test_what_is_no_saved_fit_is_refused(tmp_path: Path) -> None:
    fits()[1].save(tmp_path / "good")
    said = json.loads((tmp_path / "good.json").read_text())
    with pytest.raises(FileError, match="cannot read"):
        semnan.load(tmp_path / "absent")
    for change in (
        {"format": "other"},
        {"outcome": "FINE"},
        {"visibles": ["X"]},
        {"samples": "many"},
        {"parameters": [1]},
    ):
        (tmp_path / "good.json").write_text(json.dumps(said | change))
        with pytest.raises(FileError):
            semnan.load(tmp_path / "good")
    (tmp_path / "good.json").write_text(json.dumps(said))
    (tmp_path / "good.safetensors").write_bytes(b"\x80\x04nonsense")
    with pytest.raises(FileError):
        semnan.load(tmp_path / "good")
