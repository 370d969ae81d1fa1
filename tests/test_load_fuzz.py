"""Whatever is in the files, `semnan.load` gives a fit or a `FileError`, and nothing else."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import semnan as sn
from semnan import AMASEM, FileError, Moments


def _saved() -> tuple[str, bytes]:
    """The two files of a small fit."""
    moments = Moments.from_covariance([[1, 0.5], [0.5, 2]], ["X", "Y"], 50, [0, 1])
    with TemporaryDirectory() as folder:
        base = Path(folder) / "fit"
        sn.fit(AMASEM.parse("X -> Y"), moments).save(base)
        return base.with_name("fit.json").read_text("utf-8"), base.with_name("fit.safetensors").read_bytes()


DESCRIBED, NUMBERS = _saved()


def attempt(folder: Path, described: bytes, numbers: bytes) -> None:
    (folder / "fit.json").write_bytes(described)
    (folder / "fit.safetensors").write_bytes(numbers)
    try:
        sn.load(folder / "fit")
    except FileError as error:
        assert str(error)  # noqa: PT017


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fits")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_infinity=False)
    | st.text(max_size=5)
    | st.just("path")
    | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def corrupted(draw: st.DrawFn) -> dict[str, Any]:
    """The description with one entry replaced or removed, perhaps inside a row of the table."""
    whole: dict[str, Any] = json.loads(DESCRIBED)
    part = draw(st.sampled_from([whole, *whole["parameters"]]))
    key = draw(st.sampled_from([*part, "lower", "start", "extra"]))
    if draw(st.booleans()):
        part[key] = draw(VALUES)
    else:
        part.pop(key, None)
    return whole


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(described=corrupted())
def test_a_description_with_wrong_entries(folder: Path, described: dict[str, Any]) -> None:
    attempt(folder, json.dumps(described).encode(), NUMBERS)


@settings(max_examples=100)
@given(described=st.one_of(st.binary(), VALUES.map(json.dumps).map(str.encode)))
def test_a_description_that_is_something_else(folder: Path, described: bytes) -> None:
    attempt(folder, described, NUMBERS)


@st.composite
def flipped(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes cut short, and some of them changed."""
    changed = bytearray(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)
    for at in draw(st.lists(st.integers(0, max(len(changed) - 1, 0)), max_size=4)):
        if changed:
            changed[at] = draw(st.integers(0, 255))
    return bytes(changed)


@settings(max_examples=200)
@given(data=st.data())
def test_flipped_and_missing_bytes(folder: Path, data: st.DataObject) -> None:
    attempt(folder, data.draw(flipped(DESCRIBED.encode())), data.draw(flipped(NUMBERS)))


@pytest.mark.parametrize("value", ["[" * 100_000, '{"format": ' * 5000, "Infinity", "1" * 5000])
def test_descriptions_that_are_hard_to_read(folder: Path, value: str) -> None:
    (folder / "fit.json").write_text(value)
    (folder / "fit.safetensors").write_bytes(NUMBERS)
    with pytest.raises(FileError, match="not a saved fit"):
        sn.load(folder / "fit")


def test_one_file_missing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "fit.json").write_text(DESCRIBED)
    with pytest.raises(FileError, match=r"cannot read the saved fit.*safetensors"):
        sn.load(tmp_path / "fit")
