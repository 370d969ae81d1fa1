"""What both Python workers share. It imports nothing of semnan, for semopy's interpreter runs it as well."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Arguments(NamedTuple):
    """A worker's command line: the folder of the case, the calls to time, the seconds after which none is begun."""

    text: str
    data: Path
    meta: dict[str, Any]
    reps: int
    budget: float


def arguments() -> Arguments:
    folder, reps, budget = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    meta = json.loads((folder / "meta.json").read_text())
    return Arguments((folder / "model.lav").read_text(), folder / "data.csv", meta, reps, budget)


def timed(call: Callable[[], Result], reps: int, budget: float) -> tuple[Result, dict[str, Any]]:
    """The last result; wall seconds of the first call, median wall and CPU seconds of those after it, peak memory."""
    walls: list[float] = []
    cpus: list[float] = []
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if len(walls) > reps or sum(walls) > budget:
            break
    wall, cpu = statistics.median(walls[1:] or walls), statistics.median(cpus[1:] or cpus)
    return result, {"first": walls[0], "wall": wall, "cpu": cpu, "calls": len(walls[1:]), "peak": peak()}


def peak() -> float:
    """Peak resident memory of this process in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(float(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def answer(**numbers: Any) -> None:
    """One JSON line for the parent."""
    print(json.dumps(numbers))
