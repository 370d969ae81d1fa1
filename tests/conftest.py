"""Shape checks are on in tests: jaxtyping and beartype watch every annotated function of the numeric layers."""

from jaxtyping import install_import_hook

with install_import_hook(["semnan.network", "semnan.estimation"], "beartype.beartype"):
    import semnan.estimation.alternatives
    import semnan.estimation.estimate
    import semnan.network  # noqa: F401

import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("semnan", deadline=None, max_examples=40)
settings.load_profile("semnan")
