"""Shape checks are on in tests: jaxtyping and beartype watch every annotated function of the numeric layers."""

import os

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

#: Not the front doors: what they say to wrong arguments is tested, and beartype would speak first.
WATCHED = [f"network.{name}" for name in ("dense", "layered", "modules", "mu")]
WATCHED += [f"estimation.{name}" for name in ("inference", "orientation")]

with install_import_hook([f"semnan.{name}" for name in WATCHED], "beartype.beartype"):
    import semnan  # noqa: F401

torch.set_num_threads(1)
#: Continuous integration tries the same examples every time; a run by hand looks for new ones.
settings.register_profile("semnan", deadline=None, max_examples=40, derandomize="CI" in os.environ)
settings.load_profile("semnan")
