"""`discover`: wrong input, documented answers, results."""

import json

import numpy as np
import pandas as pd
import pytest

from semnan import DataError, FitError, GraphError, Moments, metrics, simulate
from semnan.discovery import BowFree, EqualVariance, Golem, Notears, OptiMAS, OrderSearch, ProxiMAS, discover
from semnan.discovery.order_state import OrderState
from semnan.discovery.task import Method, SearchOutcome

DRAWN = simulate.simulate("ER", 1, variables=5, rows=200, seed=1)
FRAME = pd.DataFrame(DRAWN.train, columns=list(DRAWN.names))


def test_wrong_columns_are_named() -> None:
    with pytest.raises(DataError, match="'V1' is constant"):
        discover(FRAME.assign(V1=3.0))
    with pytest.raises(DataError, match=r"'V2' is missing \(NaN\) in 1 row"):
        discover(FRAME.assign(V2=FRAME["V2"].where(FRAME.index != 7)))
    with pytest.raises(DataError, match="'V3' and 'twin' are the same but for their units"):
        discover(FRAME.assign(twin=-2 * FRAME["V3"] + 1))
    with pytest.raises(DataError, match="'total' is a linear combination"):
        discover(FRAME.assign(total=FRAME["V0"] + FRAME["V1"]))


def test_the_last_of_many_variables_are_no_linear_combinations() -> None:
    """Those before them leave 4·10⁻⁸ of their variance."""
    drawn = simulate.simulate("ER", 4, variables=1000, rows=2000, seed=0)
    found = discover(drawn.moments, method=EqualVariance())
    assert found.compare(drawn.weights).shd <= 20


def test_contradictions_are_named() -> None:
    edge = [("V0", "V1")]
    with pytest.raises(GraphError, match="V0 -> V1 is both required and forbidden"):
        discover(FRAME, required=edge, forbidden=edge)
    with pytest.raises(GraphError, match="V0 -> V1 is required, but its tiers forbid it"):
        discover(FRAME, required=edge, tiers=[["V1"], ["V0"]])
    with pytest.raises(GraphError, match="cycle through 'V0'"):
        discover(FRAME, required=[("V0", "V1"), ("V1", "V2"), ("V2", "V0")])
    with pytest.raises(GraphError, match="with itself"):
        discover(FRAME, forbidden=[("V0", "V0")])
    with pytest.raises(DataError, match="no variable 'W'"):
        discover(FRAME, required=[("W", "V0")])
    with pytest.raises(DataError, match="'V0' stands twice"):
        discover(FRAME, tiers=[["V0"], ["V0"]])
    with pytest.raises(GraphError, match="single string"):
        discover(FRAME, tiers=["V0"])


def test_wrong_options_are_refused() -> None:
    with pytest.raises(FitError, match="threshold"):
        discover(FRAME, threshold=-1.0)
    for wrong in (
        lambda: OrderSearch(restarts=-1),
        lambda: EqualVariance(penalty=0.0),
        lambda: Notears(acyclicity="power"),  # type: ignore[arg-type]
        lambda: Golem(variances="same"),  # type: ignore[arg-type]
        lambda: ProxiMAS(free=2.0),
        lambda: OptiMAS(rate=0.0),
        lambda: BowFree(steps=0),
    ):
        with pytest.raises(FitError, match="give"):
            wrong()


@pytest.mark.parametrize(
    "method",
    [OrderSearch(), EqualVariance(), Notears(), Golem(steps=10), ProxiMAS(steps=10), OptiMAS(steps=10), BowFree()],
)
def test_one_variable_has_no_edges(method: Method) -> None:
    found = discover(FRAME[["V0"]], method=method)
    assert found.edges == {}
    assert found.graph.visibles == ("V0",)


@pytest.mark.parametrize("method", [OrderSearch(restarts=2), Notears(steps=3), ProxiMAS(steps=50), OptiMAS(steps=50)])
def test_fewer_rows_than_variables_have_an_answer(method: Method) -> None:
    few = simulate.simulate("ER", 1, variables=12, rows=8, seed=2)
    found = discover(few.moments, method=method)
    assert metrics.is_acyclic(found.weights)
    assert np.isfinite(found.weights).all()
    if isinstance(method, OrderSearch):
        assert (found.weights != 0).sum(axis=0).max() <= 4


@pytest.mark.parametrize("method", [EqualVariance(), BowFree()])
def test_fewer_rows_than_variables_are_refused_where_nothing_follows(method: Method) -> None:
    few = simulate.simulate("ER", 1, variables=12, rows=8, seed=2)
    with pytest.raises(DataError, match="more rows than variables"):
        discover(few.moments, method=method)


def test_weights_are_in_the_units_of_the_data() -> None:
    plain, scaled = discover(FRAME), discover(FRAME, standardise=True)
    assert plain.edges.keys() == scaled.edges.keys()
    np.testing.assert_allclose(plain.weights, scaled.weights, rtol=1e-9)


def test_the_cpdag_knows_what_the_user_knows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    frame = pd.DataFrame({"X": x, "Y": x + rng.normal(size=500)})
    free, told = discover(frame).cpdag, discover(frame, tiers=[["Y"], ["X"]]).cpdag
    np.testing.assert_array_equal(free, [[False, True], [True, False]])
    np.testing.assert_array_equal(told, [[False, False], [True, False]])


def test_results_as_text_and_json() -> None:
    found = discover(FRAME, method=Notears())
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert read["method"] == "Notears"
    assert {(row["source"], row["target"]) for row in read["edges"]} == set(found.edges)
    assert "Varsortability" in str(found)
    for a, b in found.edges:
        assert f"{a} -> {b}" in str(found)


def test_an_interrupt_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    first = discover(FRAME, method=OrderSearch(restarts=0))

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(OrderState, "place", _once(OrderState.place, interrupt))
    found = discover(FRAME, method=OrderSearch())
    assert found.outcome is SearchOutcome.INTERRUPTED
    np.testing.assert_array_equal(found.weights, first.weights)


def _once(real: object, then: object) -> object:
    calls = []

    def place(*args: object) -> object:
        calls.append(1)
        return (real if len(calls) == 1 else then)(*args)  # type: ignore[operator]

    return place


def test_moments_and_frames_give_the_same() -> None:
    np.testing.assert_array_equal(discover(FRAME).weights, discover(Moments.from_frame(FRAME)).weights)
