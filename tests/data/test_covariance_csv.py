"""Reading covariance matrices from CSV files: with and without row names, and where a wrong file is wrong."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan import DataError, FileError, Moments
from semnan.data import read_covariance
from tests.data.test_csv import written

MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])
GOOD = [
    "a,b\n2,0.5\n0.5,1\n",
    '"","a","b"\n"a",2,.5\n"b",5e-1,1\n',
    "\ufeffvariable,a,b\r\na,2,0.5\r\n\r\nb,0.5,1",
    "a,b\na,2,0.5\nb,0.5,1\n",
    " ,a,b\n a,2,0.5\nb , 0.5, 1\n",
]


@pytest.mark.parametrize("text", GOOD)
def test_names_and_matrix_are_read(tmp_path: Path, text: str) -> None:
    names, matrix, mean = read_covariance(written(tmp_path, text))
    assert names == ("a", "b")
    assert mean is None
    assert np.array_equal(matrix, MATRIX)
    assert Moments.from_covariance(matrix, names, 9).n == 9


def test_names_that_are_numbers(tmp_path: Path) -> None:
    names, matrix, _ = read_covariance(written(tmp_path, ',1,2\n"1",2,0.5\n"2",0.5,1\n'))
    assert names == ("1", "2")
    assert np.array_equal(matrix, MATRIX)


WRONG = [
    ("", FileError, "is empty"),
    ("a,b\n", FileError, "has 0 lines of numbers for 2 variables: a covariance is square"),
    ("a,b\n2,0.5\n", FileError, "has 1 lines of numbers for 2 variables"),
    ("a,b\n2,0.5\n0.5,1\n1,1\n", FileError, "has 3 lines of numbers for 2 variables"),
    ("a,b\n2,0.5\n0.5\n", FileError, "line 3: 1 numbers, but the header has 2 names"),
    (",a,b\na,2,0.5\nb,1\n", FileError, "line 3: 1 numbers, but the header has 2 names"),
    ("a,b\n2,0.5\n0.5,x\n", DataError, "line 3: b is 'x', not a finite number: correct it"),
    (",a,b\na,2,\nb,0.5,1\n", DataError, "line 2: b is '', not a finite number"),
    ("a,b\n2,NA\nNA,1\n", DataError, "line 2: b is 'NA', not a finite number"),
    (",a,b\nb,1,0.5\na,0.5,2\n", DataError, "line 2: the row is of 'b', but the column in its place of 'a'"),
    (",a,a\na,1,0.5\na,0.5,2\n", DataError, "the column 'a' stands twice"),
    ("a, \n2,0.5\n0.5,1\n", DataError, "column 1 has the name ''"),
    ("a;b\n2;0.5\n0.5;1\n", FileError, "names no variable in its first line: are its cells separated by commas"),
    (b"a,b\n\xff,1\n1,2\n", FileError, "is not text in UTF-8"),
    (",a,b\na,2,0.5\nb,0.5,1\nmean,1\n", FileError, "line 4: 1 numbers, but the header has 2 names"),
    (",a,b\na,2,0.5\nb,0.5,1\nmean,1,x\n", DataError, "line 4: b is 'x'"),
    (",a,b\na,2,0.5\nmean,1,2\n", DataError, "line 3: the row is of 'mean', but the column in its place of 'b'"),
]


@pytest.mark.parametrize(("text", "error", "told"), WRONG)
def test_a_wrong_file_is_named_with_line_and_column(
    tmp_path: Path, text: str | bytes, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        read_covariance(written(tmp_path, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot read .*none\.csv: No such file"):
        read_covariance(tmp_path / "none.csv")


CELLS = st.sampled_from(["1", "2.5", "nan", "x", "", '"', ",", "\n", "a", "b", "a,b\n", ",a,b\n", "1,2\n"])


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.lists(CELLS, max_size=30).map(lambda cells: "".join(cells).encode())))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        names, matrix, mean = read_covariance(written(tmp_path_factory.getbasetemp(), content))
    except (FileError, DataError) as error:
        assert str(error)  # noqa: PT017
    else:
        assert matrix.shape == (len(names), len(names))
        assert np.isfinite(matrix).all()
        assert mean is None or mean.shape == (len(names),)


def test_means_are_the_line_of_that_name(tmp_path: Path) -> None:
    names, matrix, mean = read_covariance(written(tmp_path, ",a,b\na,2,0.5\nb,0.5,1\nmean,3,-4\n"))
    assert names == ("a", "b")
    assert np.array_equal(matrix, MATRIX)
    assert mean is not None
    assert np.array_equal(mean, [3, -4])


def test_a_variable_may_be_called_mean(tmp_path: Path) -> None:
    names, _, mean = read_covariance(written(tmp_path, ",a,mean\na,2,0.5\nmean,0.5,1\n"))
    assert (names, mean) == (("a", "mean"), None)
