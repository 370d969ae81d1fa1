"""Reading CSV files: what is read, and where a wrong file is wrong."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import semnan as sn
from semnan import DataError, FileError, Moments, Sample
from semnan.data import read_csv
from semnan.data.frames import read_groups


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "table.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


GOOD = [
    "a,b\n1,2\n3,5\n",
    "b,x,a\n2,z,1\n\n5,,3",
    "\ufeffa,b\r\n1,2\r\n3,5\r\n",
    '"a","b"\n" 1 ","2e0"\n3,+5\n',
    "a, b\n1, 2\n3 ,\t5\n",
    "a,b\r1,2\r3,5\r",
    'x,a,b\n"line one\nline two",1,2\n"a, ""b""",3,5\n',
    ",a,b\n1,1,2\n2,3,5\n",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_named_columns_are_read(tmp_path: Path, text: str) -> None:
    table = read_csv(written(tmp_path, text))
    assert np.array_equal(table.numbers(("a", "b")), [[1, 2], [3, 5]])
    assert Moments.from_frame(table, ("a", "b")) == Moments.from_array([[1, 2], [3, 5]], ["a", "b"])


@pytest.mark.parametrize("cell", ["", "NA", "NaN", "nan", '""', " ", " NA "])
def test_missing_values(tmp_path: Path, cell: str) -> None:
    table = read_csv(written(tmp_path, f"a,b\n1,{cell}\n3,5\n"))
    assert np.array_equal(table.numbers(("a", "b")), np.array([[1, np.nan], [3, 5]]), equal_nan=True)


def test_an_empty_line_is_a_missing_value_of_a_single_column(tmp_path: Path) -> None:
    assert np.isnan(read_csv(written(tmp_path, "a\n1\n\n2\n")).numbers(("a",))).sum() == 1


LABELS = [
    (["x", "y", "", "NA", " x "], ["x", "y", None, None, "x"]),
    (["1", "1.0", "2e0", "", "1.5"], ["1", "1", "2", None, "1.5"]),
    (["1", "1.0", "b"], ["1", "1.0", "b"]),
    (["TRUE", "FALSE"], ["TRUE", "FALSE"]),
]


@pytest.mark.parametrize(("cells", "labels"), LABELS)
def test_groups_are_text(tmp_path: Path, cells: list[str], labels: list[str | None]) -> None:
    rows = "\n".join(f"{cell},{i}" for i, cell in enumerate(cells))
    table = read_csv(written(tmp_path, f"g,a\n{rows}\n"))
    assert read_groups(table, "g") == labels


def test_it_is_read_as_pandas_reads_it(tmp_path: Path) -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    frame.loc[::7, "x2"] = np.nan
    file = tmp_path / "table.csv"
    frame.to_csv(file, index=False)
    names = [f"x{i}" for i in range(1, 10)]
    choices: list[dict[str, Any]] = [{"group": "school"}, {"group": "sex", "missing": "fiml"}, {"missing": "fiml"}, {}]
    for options in choices:
        ours = Sample.from_frame(read_csv(file), names, **options)
        theirs = Sample.from_frame(pd.read_csv(file), names, **options)
        assert (ours.labels, ours.notes, ours.dropped) == (theirs.labels, theirs.notes, theirs.dropped)
        for one, two in zip(ours.groups, theirs.groups, strict=True):
            assert one.rows is not None
            assert two.rows is not None
            assert np.array_equal(one.rows, two.rows, equal_nan=True)


def test_a_table_is_a_frame_for_a_fit(tmp_path: Path) -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    file = tmp_path / "table.csv"
    frame.to_csv(file, index=False)
    text = "visual =~ x1 + x2 + x3"
    ours = sn.cfa(text, read_csv(file), group="school", std_lv=True)
    assert ours.estimates == sn.cfa(text, frame, group="school", std_lv=True).estimates


WRONG = [
    ("", FileError, "is empty"),
    ("\n", FileError, "is empty"),
    ("a,c\n1,2\n", DataError, "no column 'b'; it has a, c"),
    ("a,b,b\n1,2,3\n4,5,6\n", DataError, "the column 'b' stands twice"),
    ("a,b\n1,2\n3,x\n", DataError, "line 3: b is 'x', not a finite number"),
    ("a,b\n1,NA\n3,x\n", DataError, "line 3: b is 'x', not a finite number"),
    ("a,b\n1,2\n3,inf\n", DataError, "line 3: b is 'inf', not a finite number"),
    ("a,b\n1,2\n3,+nan\n", DataError, r"line 3: b is '\+nan', not a finite number"),
    ("a,b\n1,2\n3,1e999\n", DataError, "line 3: b is '1e999', not a finite number"),
    ("a,b\n1,2\n3,1_000\n", DataError, "line 3: b is '1_000', not a finite number"),
    ("a,b\n1,2\n3,\u0663\n", DataError, "line 3: b is '\u0663', not a finite number"),
    ('a,b\n1,2\n3,"1,000"\n', DataError, "line 3: b is '1,000', not a finite number"),
    ("a,b\n1,2\n3," + "x" * 500 + "\n", DataError, "b is 'x{40}…', not a finite number"),
    ("a,b\n1,2\n\n3\n", FileError, "line 4: 1 cells, but the header has 2"),
    ("a,b\n1,2,3\n", FileError, "line 2: 3 cells, but the header has 2"),
    ('x,a,b\n"two\nlines",1,2\n1,2\n', FileError, "line 4: 2 cells, but the header has 3"),
    (",".join(f"c{i}" for i in range(5000)) + "\n", DataError, "c19 and 4980 more$"),
    ("a;b\n1;2\n", DataError, "no column 'a'; it has a;b .cells are separated by commas, not by ';'"),
    ("a\tb\n1\t2\n", DataError, "separated by commas, not by '.t'"),
    ('a,b\n"1,2\n3,4\n', FileError, "line 3: not a CSV file: unexpected end of data"),
    ('a,b\n"1"2,2\n3,4\n', FileError, "line 2: not a CSV file: "),
    ("a,b\n1,2\n", DataError, "the table has 1 row"),
    ("a,b\n", DataError, "the table has 0 row"),
    ("a,b\n1,2\n1,3\n", DataError, "the variable 'a' is constant"),
    (b"a,b\n\xff,2\n", FileError, "is not text in UTF-8: invalid start byte at byte 4"),
    ("a,b\n" + "9" * 200_000 + ",2\n", FileError, "line 2: not a CSV file: field larger"),
]


@pytest.mark.parametrize(("text", "error", "told"), WRONG)
def test_a_wrong_file_is_named_with_line_and_column(
    tmp_path: Path, text: str | bytes, error: type[Exception], told: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(error, match=told):
        Sample.from_frame(read_csv(file), ("a", "b"))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot read .*none\.csv: No such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(FileError, match="cannot read"):
        read_csv(tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semnan.data.csv_table.MAX_BYTES", 10)
    with pytest.raises(FileError, match="is larger than 10 bytes"):
        read_csv(written(tmp_path, "a,b\n1,2\n3,4\n"))


def attempt(folder: Path, content: bytes) -> None:
    try:
        table = read_csv(written(folder, content))
        sample = Sample.from_frame(table, ("a", "b"), group="g" if "g" in table.columns else None, missing="fiml")
    except (FileError, DataError) as error:
        assert str(error)  # noqa: PT017
    else:
        assert sample.names == ("a", "b")


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"a,b\n1,2\n" + tail)))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    attempt(tmp_path_factory.getbasetemp(), content)


#: What replaces, doubles or removes a part of a sound table, or one of its cells.
ODD = [b"", b",", b'"', b"\n", b"\r", b"\x00", b"\xff", b"NA", b"nan", b"inf", b"-", b"1e308", b"1e-320", b"a", b"x;y"]
CELLS = [
    "",
    "NA",
    "NaN",
    "inf",
    "1e308",
    "-1e308",
    "1e-320",
    "0",
    "7",
    "x",
    '"1,5"',
    '"',
    " 3 ",
    "1_0",
    "\u0663",
    "9" * 400,
]


def mutated(random_: random.Random) -> bytes:
    """A sound table with some faults: in its cells, or anywhere."""
    count = random_.randrange(2, 40)
    rows = [[f"{random_.gauss(0, 1):.4g}", f"{random_.gauss(0, 1):.4g}", random_.choice("uv")] for _ in range(count)]
    anywhere = random_.random() < 0.4
    for _ in range(0 if anywhere else random_.randrange(1, 4)):
        random_.choice(rows)[random_.randrange(3)] = random_.choice(CELLS)
    content = bytearray("\n".join(["a,b,g", *map(",".join, rows), ""]).encode())
    faults: list[Callable[[int, int], None]] = [
        lambda i, j: content.__setitem__(slice(i, j), random_.choice(ODD)),
        lambda i, j: content.__delitem__(slice(i, j)),
        lambda i, j: content.__setitem__(slice(i, i), content[i:j]),
        lambda i, j: content.__setitem__(slice(i, i), random_.choice(ODD)),
    ]
    for _ in range(random_.randrange(1, 6) if anywhere else 0):
        start = random_.randrange(len(content) + 1)
        random_.choice(faults)(start, start + random_.randrange(12))
    return bytes(content)


def test_mutated_tables(tmp_path: Path) -> None:
    """The errors of semnan only, and soon."""
    random_ = random.Random(0)
    begin = time.perf_counter()
    for _ in range(150):
        attempt(tmp_path, mutated(random_))
    assert time.perf_counter() - begin < 20
