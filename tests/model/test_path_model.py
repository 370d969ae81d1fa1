"""Path models: free parameters, ties, bounds, order, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from semnan import ModelError, Parameter, PathModel, covariance, path
from semnan.model import Constraint, Defined, FreeParameter, Kind, intercept, variables
from semnan.model.expression import Binary, Name, Number

X, Y, XY = covariance("X"), covariance("Y"), path("X", "Y")


def model(*rows: Parameter, latents: tuple[str, ...] = ()) -> PathModel:
    return PathModel(("X", "Y", "Z"), latents, rows)


def test_free_parameters_keep_the_order_of_the_table() -> None:
    table = model(Y, covariance("Z", fixed=1), path("Z", "Y"), X, XY)
    assert [free.name for free in table.free] == ["Y <-> Y", "Z -> Y", "X <-> X", "X -> Y"]
    assert [free.rows for free in table.free] == [(0,), (2,), (3,), (4,)]


def test_rows_with_one_label_are_one_parameter_at_its_first_place() -> None:
    tied = [path("X", "Y", label="b", start=0.5), X, path("X", "Z", label="b"), covariance("Y", "Z", label="c")]
    assert model(*tied[:2], tied[3], *tied[2:3]).free[0] == FreeParameter("b", (0, 3), -math.inf, math.inf, 0.5)
    assert [free.name for free in model(*tied).free] == ["b", "X <-> X", "c"]


def test_bounds_and_starts_are_those_of_the_rows() -> None:
    (free,) = model(path("X", "Y", lower=-1, upper=2, start=0)).free
    assert (free.lower, free.upper, free.start) == (-1.0, 2.0, 0.0)
    assert all(isinstance(value, float) for value in (free.lower, free.upper, free.start))


def test_numbers_of_numpy_and_kinds_as_text_are_taken() -> None:
    row = path("X", "Y", fixed=np.float32(0.5))  # type: ignore[arg-type]
    assert row.fixed == 0.5
    assert Parameter(kind="path", source="X", target="Y") == XY  # type: ignore[arg-type]
    assert Parameter(kind=Kind.COVARIANCE, source="X", target="X").is_variance


def test_lists_become_tuples_and_equal_models_are_equal() -> None:
    first = PathModel(["X", "Y"], [], [XY, X, Y])  # type: ignore[arg-type]
    again = PathModel(("X", "Y"), (), (XY, X, Y))
    assert first == again
    assert hash(first) == hash(again)


def test_variables_come_parents_first() -> None:
    table = model(path("Z", "F"), path("F", "X"), path("X", "Y"), latents=("F",))
    assert tuple(variables(table)) == ("Z", "F", "X", "Y")


def test_a_label_names_the_row() -> None:
    assert (XY.name, X.name, path("X", "Y", label="b").name) == ("X -> Y", "X <-> X", "b")


WRONG_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"fixed": math.nan}, "the fixed value of X -> Y is nan"),
    ({"fixed": math.inf}, "the fixed value of X -> Y is inf"),
    ({"fixed": "1"}, "X -> Y is '1': give a number"),
    ({"fixed": True}, "X -> Y is True: give a number"),
    ({"upper": 10**400}, "upper of X -> Y is beyond floating point"),
    ({"start": math.nan}, "the start of X -> Y is nan"),
    ({"lower": 1, "upper": 1}, r"the bounds of X -> Y are \[1.0, 1.0\]"),
    ({"lower": math.nan}, r"the bounds of X -> Y are \[nan, inf\]"),
    ({"lower": None}, "X -> Y is None: give a number"),
    ({"upper": 2, "start": 3}, r"the start 3 of X -> Y is outside its bounds \[-inf, 2\]"),
    ({"label": " "}, "the label of X -> Y is empty"),
    ({"label": 3}, "the label of X -> Y is 3: labels are strings"),
]


@pytest.mark.parametrize(("options", "told"), WRONG_ROWS)
def test_a_wrong_row_is_named(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        path("X", "Y", **options)


def test_kinds_and_names_are_checked() -> None:
    with pytest.raises(ModelError, match="the kind of a parameter is 'arc'"):
        Parameter(kind="arc", source="X", target="Y")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"names are strings, got 3 \(int\)"):
        path("X", 3)  # type: ignore[arg-type]


WRONG_MODELS: list[tuple[tuple[Any, ...], str]] = [
    ((("X", "X"), (), ()), "the variable 'X' is declared twice"),
    ((("X",), ("X",), ()), "the variable 'X' is declared twice"),
    ((("X", 3), (), ()), "variable names are strings, got 3"),
    ((("X", ""), (), ()), "'' cannot be a variable name"),
    (((), ("U",), ()), "no visible variable"),
    (("XY", (), ()), "give visibles as a tuple of names"),
    ((("X",), "U", ()), "give latents as a tuple of names"),
    ((("X", "Y"), (), (("X", "Y"),)), r"row 0 of the parameters is \('X', 'Y'\)"),
    ((("X",), (), (XY,)), "the edge X -> Y uses 'Y'"),
    ((("X",), (), (covariance("X", "Q"),)), "X <-> Q uses 'Q', which is not a variable of the model"),
    ((("X", "Y"), (), (XY, path("Y", "X"))), "the cycle (X -> Y -> X|Y -> X -> Y)"),
    ((("X",), (), (path("X", "X"),)), "'X' has an edge to itself"),
    ((("X", "Y"), (), (XY, XY)), "the edge X -> Y is given twice"),
    ((("X", "Y"), (), (covariance("X", "Y"), covariance("Y", "X"))), "Y <-> X is in the table twice"),
    ((("X", "Y"), (), (path("X", "Y", label="a"), covariance("X", fixed=1, label="a"))), "'a' ties a free row to a"),
    ((("X", "Y"), (), (path("X", "Y", label="a"), covariance("X", label="a", lower=0))), "'a' have different bounds"),
    ((("X", "Y"), (), (path("X", "Y", label="a", start=1), covariance("X", label="a", start=2))), "'a' have different"),
    ((("X", "Y"), (), (path("X", "Y", label="X <-> X"), X)), "the label 'X <-> X' is the name of another row"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG_MODELS)
def test_a_wrong_model_is_named(arguments: tuple[Any, ...], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        PathModel(*arguments)


A, B = Name("a"), Name("b")
LABELLED = (path("X", "Y", label="a"), X, Y)
GROUPED = tuple(covariance(name, group=group) for group in ("one", "two") for name in "XY")
WRONG_PARTS: list[tuple[tuple[Parameter, ...], dict[str, Any], str]] = [
    ((XY, Y), {"exogenous": ("Z",)}, "the exogenous covariate 'Z' is not a visible variable"),
    ((XY, X, Y), {"exogenous": ("X",)}, "X <-> X belongs to the exogenous covariate 'X'"),
    ((XY, Y, intercept("X")), {"exogenous": ("X",)}, "1 -> X belongs to the exogenous covariate 'X'"),
    ((XY, X), {"exogenous": ("Y",)}, "X -> Y belongs to the exogenous covariate 'Y'"),
    ((path("X", "Y", loading=True), X, Y), {}, "X -> Y is marked as a loading, but 'X' is not a latent"),
    (GROUPED, {}, r"X <-> X is in the group 'one', but the model has no groups"),
    (
        GROUPED,
        {"groups": ("one", "three")},
        "Y <-> Y is in the group 'two'|in the group 'two'; the model has one, three",
    ),
    (GROUPED[:2], {"groups": ("one",)}, "two or more different names"),
    (LABELLED, {"defined": (Defined("a", Number(1)),)}, "'a' is defined by := but is already a label"),
    (LABELLED, {"defined": (Defined("q", B),)}, "q := b uses 'b', which is no label and not defined before"),
    (LABELLED, {"constraints": (Constraint(A, "<", B),)}, "the constraint a < b uses 'b', which is neither"),
]


@pytest.mark.parametrize(("rows", "options", "told"), WRONG_PARTS)
def test_wrong_groups_covariates_and_arithmetic_are_named(
    rows: tuple[Parameter, ...], options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        PathModel(("X", "Y"), (), rows, **options)


def test_definitions_may_use_labels_edges_and_what_is_defined_before() -> None:
    defined = (Defined("q", Binary(A, "+", Name("X <-> X"))), Defined("r", Binary(Name("q"), "*", A)))
    made = PathModel(("X", "Y"), (), LABELLED, defined=defined, constraints=(Constraint(Name("r"), ">", A),))
    assert [str(it) for it in (*made.defined, *made.constraints)] == ["q := a + X <-> X", "r := q * a", "r > a"]


def test_means_are_added_for_what_is_modelled() -> None:
    plain = PathModel(("X", "Y"), (), (XY, Y), exogenous=("X",))
    assert not plain.has_means
    assert plain.with_means().parameters == (XY, Y, intercept("Y"))
    assert plain.with_means().with_means() == plain.with_means()
    grouped = PathModel(("X", "Y"), (), GROUPED, groups=("one", "two")).with_means()
    assert [row.name for row in grouped.parameters[4:]] == [f"1 -> {v} [{g}]" for g in ("one", "two") for v in "XY"]
