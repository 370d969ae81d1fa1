"""How an optimisation ended, and what to try: each ending is a member whose text says so."""

from __future__ import annotations

from enum import Enum
from typing import final


@final
class Outcome(Enum):
    """How a fit ended. `advice` says what it means and what to do."""

    CONVERGED = "converged"
    ITERATION_LIMIT = "iteration limit"
    STALLED = "stalled"
    SADDLE = "saddle point"
    BAD_START = "bad start"
    INFEASIBLE = "constraints not met"
    INTERRUPTED = "interrupted"

    @property
    def ok(self) -> bool:
        """Whether the estimates are a minimum of the discrepancy (perhaps a local one)."""
        return self is Outcome.CONVERGED

    @property
    def advice(self) -> str:
        """One or two sentences for the user."""
        return _ADVICE[self]


_ADVICE = {
    Outcome.CONVERGED: "The gradient is zero at the estimates, and no direction leads down.",
    Outcome.ITERATION_LIMIT: "The step limit was reached before the gradient vanished: raise max_steps, try starts=10, "
    "or look for a parameter that runs away (a model that fits better and better at infinity).",
    Outcome.STALLED: "No step lowers the discrepancy although the gradient is not zero: rounding limits the fit, "
    "as with nearly collinear variables or scales many orders of magnitude apart; "
    "rescale variables, or drop a redundant one.",
    Outcome.SADDLE: "The gradient vanished, but the discrepancy falls in some direction: the end is no minimum; "
    "try starts=10, or give start values.",
    Outcome.BAD_START: "The implied covariance at the start is not positive definite: give start values, "
    "or check fixed values and that every visible has a free variance or a latent parent.",
    Outcome.INFEASIBLE: "No parameters were found that satisfy all constraints: check that they do not contradict each "
    "other or the bounds, or give start values that satisfy them.",
    Outcome.INTERRUPTED: "You stopped the fit: the estimates are the best so far, not a minimum.",
}
