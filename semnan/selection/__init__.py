"""Which of several models: Vuong's tests, and cross-validation."""

from semnan.selection.cross_validation import cross_validate
from semnan.selection.judgement import CrossValidation, HeldOutRSquared, HeldOutScore
from semnan.selection.non_nested import Vuong, vuong

__all__ = ["CrossValidation", "HeldOutRSquared", "HeldOutScore", "Vuong", "cross_validate", "vuong"]
