"""Text and data in, lavaan's numbers out: every case of `lavaan_cases`.

Estimates within .001 standard errors, standard errors within .1 %, χ² and log-likelihood to 1e-3 absolute.
"""

import pytest

from semnan import Unavailable

from .lavaan_cases import case, key, keys, names

#: Where a parameter is on a boundary and lavaan's answer means little.
BOUNDARY = ("shared/twin_ace",)


@pytest.mark.parametrize("name", names())
def test_estimates(name: str) -> None:
    said = case(name)
    fit = said.run()
    assert fit.converged
    ours = {key(row): found for row, found in zip(fit.model.parameters, fit.parameters(), strict=True)}
    compared = 0
    for row in said.rows:
        if row["op"] in (":=", "==", "<", ">") or row["est"] is None or not row["se"] or row.get("exo"):
            continue
        found = next((ours[k] for k in keys(row) if k in ours), None)
        assert found is not None, row
        if name in BOUNDARY and row["se"] > 1000:
            assert isinstance(found.standard_error, Unavailable) or found.standard_error > 1000
            continue
        assert found.estimate == pytest.approx(row["est"], abs=1e-3 * row["se"]), row
        assert found.standard_error == pytest.approx(row["se"], rel=1e-3), row
        compared += 1
    assert compared >= 4


@pytest.mark.parametrize("name", names())
def test_fit(name: str) -> None:
    said = case(name)
    fit = said.run()
    assert fit.df == said.fit["df"]
    assert fit.chi_square == pytest.approx(said.fit["chisq"], abs=1e-3)
    assert fit.log_likelihood == pytest.approx(said.fit["logl"], abs=1e-3)
    assert not isinstance(fit.estimate.generic, Unavailable)
    assert fit.estimate.generic.rank == said.fit["npar"]
