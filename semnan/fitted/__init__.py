"""Results of fits: `Fit` and, of one model in many samples, `Fits`."""

from semnan.fitted.fit import Fit, load, sample_of
from semnan.fitted.fits import Fits
from semnan.fitted.measures import vectors_of

__all__ = ["Fit", "Fits", "load", "sample_of", "vectors_of"]
