"""The README's examples print what the README says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import semnan

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("code", "expected"), EXAMPLES)
def test_an_example_prints_what_is_written(code: str, expected: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip() == expected.rstrip()


def test_every_public_name_is_there_and_documented() -> None:
    for name in semnan.__all__:
        assert getattr(semnan, name).__doc__, name
    assert re.fullmatch(r"\d+\.\d+\.\d+", semnan.__version__)
