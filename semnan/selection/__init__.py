"""Which of several models: Vuong's tests, and cross-validation."""

from semnan.selection.non_nested import Vuong, vuong

__all__ = ["Vuong", "vuong"]
