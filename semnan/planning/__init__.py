"""How many rows a study needs: power by noncentrality and by simulation."""

from semnan.planning.misfit import minimum_n_of_fit, power_of_fit
from semnan.planning.populations import Population, population
from semnan.planning.powering import Power, minimum_n, power
from semnan.planning.simulated import PowerSimulation, SimulatedPower
from semnan.planning.simulation import simulate_power

__all__ = [
    "Population",
    "Power",
    "PowerSimulation",
    "SimulatedPower",
    "minimum_n",
    "minimum_n_of_fit",
    "population",
    "power",
    "power_of_fit",
    "simulate_power",
]
