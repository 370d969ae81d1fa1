"""Standard errors of the standardised solution against lavaan's."""

from typing import Any

import pytest

from semnan import Unavailable
from semnan.estimation.scaling import Scale

from ..lavaan_cases import case, names
from ..test_lavaan import BOUNDARY, places

SCALES: tuple[Scale, ...] = ("std.lv", "std.all", "std.nox")


def said_rows(name: str, scale: Scale) -> list[dict[str, Any]]:
    """lavaan's rows with est.std and se, as far as it answered."""
    rows = case(name).rows
    if not name.startswith("shared/"):
        return [{**row, "est.std": row[scale], "se": row[f"{scale}.se"]} for row in rows if f"{scale}.se" in row]
    labels = list(case(name).said["sample"]) if isinstance(case(name).said["n"], list) else [None]
    found = case(name).said["std_all"] if scale == "std.all" else []
    return [{**row, "group": labels[max(row.get("group") or 1, 1) - 1]} for row in found]


@pytest.mark.parametrize(
    ("name", "scale"),
    [(name, scale) for name in names() if name not in BOUNDARY for scale in SCALES if said_rows(name, scale)],
)
def test_standard_errors(name: str, scale: Scale) -> None:
    wanted = [row for row in said_rows(name, scale) if row["op"] not in ("==", "<", ">", ":=")]
    fit = case(name).run()
    ours = {(row.kind, row.source, row.target, row.group): row for row in fit.standardised(scale)}
    compared = 0
    for row in wanted:
        found = next((ours[key] for key in places(row) if key in ours), None)
        if found is None or row["est.std"] is None or row["se"] is None:
            continue
        assert found.estimate == pytest.approx(row["est.std"], rel=1e-3, abs=1e-5), row
        if not isinstance(found.standard_error, Unavailable):
            assert found.standard_error == pytest.approx(row["se"], rel=1e-3, abs=1e-6), row
            compared += 1
    assert compared >= 3
