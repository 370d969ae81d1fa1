"""Reading CSV files: what is read, and where a wrong file is wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan import DataError, FileError, Moments
from semnan.data import read_csv


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "table.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


GOOD = ["a,b\n1,2\n3,5\n", "b,x,a\n2,z,1\n\n5,,3", "\ufeffa,b\r\n1,2\r\n3,5\r\n", '"a","b"\n" 1 ","2e0"\n3,+5\n']


@pytest.mark.parametrize("text", GOOD)
def test_the_named_columns_are_read(tmp_path: Path, text: str) -> None:
    assert read_csv(written(tmp_path, text), ("a", "b")) == Moments.from_array([[1, 2], [3, 5]], ["a", "b"])


WRONG = [
    ("", FileError, "is empty"),
    ("\n", FileError, "is empty"),
    ("a,c\n1,2\n", DataError, "no column 'b'; it has a, c"),
    ("a,b,b\n1,2,3\n4,5,6\n", DataError, "the column 'b' stands twice"),
    ("a,b\n1,2\n3,x\n", DataError, "line 3: b is 'x', not a finite number"),
    ("a,b\n1,2\n,4\n", DataError, "line 3: a is '', not a finite number"),
    ("a,b\n1,2\n3,nan\n", DataError, "line 3: b is 'nan', not a finite number"),
    ("a,b\n1,2\n3,inf\n", DataError, "line 3: b is 'inf', not a finite number"),
    ("a,b\n1,2\n3,1_000\n", DataError, "line 3: b is '1_000', not a finite number"),
    ("a,b\n1,2\n\n3\n", FileError, "line 4: 1 cells, but the header has 2"),
    ("a,b\n1,2,3\n", FileError, "line 2: 3 cells, but the header has 2"),
    ("a;b\n1;2\n", DataError, "no column 'a'; it has a;b"),
    ("a,b\n1,2\n", DataError, "the table has 1 row"),
    ("a,b\n", DataError, "the table has 0 row"),
    ("a,b\n1,2\n1,3\n", DataError, "the variable 'a' is constant"),
    (b"a,b\n\xff,2\n", FileError, "not a CSV file in UTF-8"),
    ("a,b\n" + "9" * 200_000 + ",2\n", FileError, "not a CSV file in UTF-8: field larger"),
]


@pytest.mark.parametrize(("text", "error", "told"), WRONG)
def test_a_wrong_file_is_named_with_line_and_column(
    tmp_path: Path, text: str | bytes, error: type[Exception], told: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(error, match=told):
        read_csv(file, ("a", "b"))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot read .*none\.csv: No such file"):
        read_csv(tmp_path / "none.csv", ("a",))
    with pytest.raises(FileError, match="cannot read"):
        read_csv(tmp_path, ("a",))


def attempt(folder: Path, content: bytes) -> None:
    try:
        moments = read_csv(written(folder, content), ("a", "b"))
    except (FileError, DataError) as error:
        assert str(error)  # noqa: PT017
    else:
        assert moments.names == ("a", "b")


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"a,b\n1,2\n" + tail)))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    attempt(tmp_path_factory.getbasetemp(), content)


CELLS = st.sampled_from(
    ["1", "2.5", "-1e300", "1e-300", "nan", "inf", "x", "", '"', "\r", "\n", ",", "a", "b", "a,b\n"]
)


@settings(max_examples=300)
@given(st.lists(CELLS, max_size=30).map(lambda cells: "a,b\n" + "".join(cells)))
def test_bytes_that_are_nearly_a_table(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    attempt(tmp_path_factory.getbasetemp(), content.encode())
