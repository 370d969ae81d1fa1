"""The simulated ordered data of `make_ordinal.R`: in this folder, `python make_ordinal.py` writes data/ordered*.csv."""

from pathlib import Path

import numpy as np

CUTS = [
    [-1, -0.3, 0.4, 1.1],
    [-0.8, 0, 0.9],
    [0.3],
    [-1.5, -0.6, 0.2, 1.3],
    [-0.5, 0.5],
    [-1.2, -0.2, 0.5, 1],
    [0.1],
    None,
]
LOADINGS = [0.8, 0.7, 0.6, 0.75, 0.8, 0.65, 0.7, 0.6]
DATA = Path(__file__).parent / "data"


def simulate(generator: np.random.Generator, n: int, shift: float) -> np.ndarray:
    """Two factors of four items each; the fourth loads on the second factor too, and the last item is continuous."""
    factors = generator.multivariate_normal([shift, shift], [[1, 0.5], [0.5, 1]], size=n)
    items = np.empty((n, 8))
    for j, loading in enumerate(LOADINGS):
        items[:, j] = loading * factors[:, j // 4] + generator.normal(size=n) * np.sqrt(1 - loading**2)
    items[:, 3] += 0.35 * factors[:, 1]
    items[:, 6] += 0.5 * items[:, 0]
    for j, cuts in enumerate(CUTS):
        items[:, j] = 2 + 0.5 * items[:, j] if cuts is None else np.digitize(items[:, j], cuts) + 1
    return items


def write(name: str, groups: dict[str, np.ndarray]) -> None:
    lines = ["group," + ",".join(f"y{j}" for j in range(1, 9))]
    for label, table in groups.items():
        lines += [f"{label}," + ",".join(f"{value:.6g}" for value in row) for row in table]
    (DATA / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    generator = np.random.default_rng(11)
    write("ordered.csv", {"a": simulate(generator, 300, 0.0), "b": simulate(generator, 350, 0.3)})
