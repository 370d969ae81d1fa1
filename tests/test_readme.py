"""The README's first model prints what the README says."""

import re
import subprocess
import sys
from pathlib import Path

import semnan

README = Path(__file__).parents[1] / "README.md"


def test_the_first_model_prints_what_is_written() -> None:
    blocks = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks is not None
    code, expected = blocks.groups()
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip() == expected.rstrip()


def test_every_public_name_is_there_and_documented() -> None:
    for name in semnan.__all__:
        assert getattr(semnan, name).__doc__, name
    assert re.fullmatch(r"\d+\.\d+\.\d+", semnan.__version__)
