"""The HTML report: one file, nothing loaded, names escaped, all sections there, and readable in a browser."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from semnan.errors import FileError
from semnan.estimation.outcome import Outcome
from semnan.mmm import Answers, ChannelSEM, LiftTest, Prior
from semnan.mmm.results.assumptions import assumptions
from tests.mmm import panels
from tests.mmm.browser import Tab, browser, chromium
from tests.mmm.report_cases import EVIL, EVIL_CONTROL, EVIL_KPI, EVIL_LATENT, identified, told

pytest.importorskip("matplotlib")

SECTIONS = (
    "verdicts",
    "findings",
    "effects",
    "returns",
    "contributions",
    "curves",
    "budget",
    "holdout",
    "identification",
    "parameters",
    "assumed",
)


class Page(HTMLParser):
    """The tags of a page with their attributes, and its texts by section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {"": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "section":
            self.texts[found["id"]] = []

    def handle_data(self, data: str) -> None:
        texts = [*self.texts.values()][-1]
        if self.tags and self.tags[-1][0] == "wbr" and texts:
            texts[-1] += data  # A name that may be broken there is one name.
            self.tags.pop()
        else:
            texts.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def said(self, section: str) -> str:
        return " ".join(self.texts[section])


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {case: told(case).to_html() for case in ("identified", "confounded", "evil", "many")}


@pytest.mark.parametrize("case", ["identified", "confounded", "evil", "many"])
def test_the_sections_are_there_and_nothing_comes_from_outside(pages: dict[str, str], case: str) -> None:
    page = Page(pages[case])
    assert tuple(found["id"] for found in page.of("section")) == SECTIONS
    assert [found["href"] for found in page.of("a")] == [f"#{name}" for name in SECTIONS]
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "svg", "form", "b", "i"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "srcset"):
            assert attributes.get(name, "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
    assert [found["href"] for found in page.of("link")] == ["data:,"]
    assert "default-src 'none'" in page.of("meta")[1]["content"]
    images = page.of("img")
    assert len(images) >= 5
    assert all(len(image["alt"]) > 20 for image in images)


def test_names_are_shown_as_they_are(pages: dict[str, str]) -> None:
    page = Page(pages["evil"])
    for name in (*EVIL, EVIL_KPI):
        assert name in page.said("effects")
        assert name in page.said("identification").replace(" → ", " -> ")
    assert EVIL_CONTROL in page.said("parameters")
    assert EVIL_LATENT in page.said("assumed")
    assert any(EVIL_KPI in image["alt"] for image in page.of("img"))
    assert page.texts[""].count(f"Marketing mix of {EVIL_KPI}") == 2


def test_the_same_results_give_the_same_file(pages: dict[str, str]) -> None:
    assert told("confounded").to_html() == pages["confounded"]


def test_what_data_can_tell_comes_first(pages: dict[str, str]) -> None:
    found = told("identified").effects["tv", "total"]
    said = Page(pages["identified"]).said("verdicts")
    assert "Of 4 effects of channels on sales, the data can tell 4" in said
    assert f"{found.estimate:.3f} (" in said
    assert "What would help" not in said


def test_coefficients_that_the_graph_does_not_identify_have_no_number(pages: dict[str, str]) -> None:
    fit, said = told("confounded").fit, Page(pages["confounded"]).said("parameters")
    assert "search -> sales — —" in " ".join(said.split())
    assert f"{fit.estimates['search -> sales']:.3f}" not in said
    assert f"{fit.estimates['tv -> search']:.3f}" in said


def test_what_data_cannot_tell_has_bounds(pages: dict[str, str]) -> None:
    found = told("confounded").fit.bounds("search", r2_channel=0.1, r2_kpi=0.1)
    said = Page(pages["confounded"]).said("effects")
    assert f"{found.robustness_value:.1%}" in said
    assert f"{found.low:.3f} to {found.high:.3f}" in said
    assert "robustness" not in Page(pages["identified"]).said("effects")


def test_a_report_that_cannot_be_written_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none/out\.html: No such file"):
        told("confounded").fit.report(tmp_path / "none" / "out.html")


def test_reasons_are_told_once(pages: dict[str, str]) -> None:
    page = Page(pages["confounded"])
    assert "would identify it" in page.said("effects")
    for name in ("returns", "contributions"):
        assert "would identify it" not in page.said(name)
        assert "why: see Effects" in page.said(name)


def test_what_data_cannot_tell_comes_with_its_fix(pages: dict[str, str]) -> None:
    page = Page(pages["confounded"])
    said = page.said("verdicts")
    assert "the data can tell 1" in said
    assert "search, direct effect: not identified. What would help: a second proxy of demand." in said
    assert "No best split is known: the direct effect tv -> sales is not identified" in page.said("budget")
    assert "search: the direct effect" in page.said("curves")
    assert "No weeks were held out" in page.said("holdout")


def test_the_weeks_held_out_are_told(pages: dict[str, str]) -> None:
    page = Page(pages["identified"])
    assert "mape" in page.said("holdout")
    assert any("weeks held out" in image["alt"] for image in page.of("img"))


def test_every_parameter_is_listed(pages: dict[str, str]) -> None:
    said = Page(pages["identified"]).texts["parameters"]
    assert {*identified().names} <= {*said}


def test_a_fit_that_did_not_converge_says_so_on_top() -> None:
    found = told("confounded")
    stalled = replace(found.fit, minimum=replace(found.fit.minimum, outcome=Outcome.STALLED))
    page = Page(replace(found, fit=stalled).to_html())
    assert "The fit did not converge: No step lowers the discrepancy" in page.said("")
    assert "not converged" in page.said("findings")


def test_what_was_assumed_is_told() -> None:
    known = [
        LiftTest(channel="tv", value=-100.0, standard_error=10.0),
        Prior(parameter="tv -> sales", value=2.0, standard_error=0.5),
    ]
    model = ChannelSEM(
        panels.panel(population=[1.0, 2.0, 1.0, 1.0, 1.0, 1.0]),
        panels.graph(),
        adstock={"tv": "weibull"},
        saturation={"search": "logistic"},
        season=0,
        events={"strike": [3, 4]},
    )
    said = "\n".join(assumptions(model.fit(known=known, standard_errors="iid")))
    for part in (
        "demand acts unseen on search, sales, measured by queries, trends",
        "tv: adstock Weibull, saturation none.",
        "search: adstock none, saturation Logistic.",
        "a level for every geo, a linear trend, the event strike",
        "counted per inhabitant",
        "take all rows as independent",
        "An experiment on tv entered the fit: effect -100, standard error 10, media changed by -100%.",
        "A prior entered the fit: tv -> sales is 2, give or take 0.5.",
    ):
        assert part in said


def test_a_fit_writes_its_report(tmp_path: Path) -> None:
    told("confounded").fit.report(tmp_path / "report.html")
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_letters_that_drawings_lack_are_left_to_the_browser() -> None:
    found = told("confounded")
    curves = replace(found.curves, kpi="売上")
    page = Page(replace(found, curves=curves).to_html())
    drawings = [base64.b64decode(image["src"].split(",")[1]).decode() for image in page.of("img")]
    assert sum("売上" in drawing for drawing in drawings) == 1
    assert all("</svg>" in drawing and "<script" not in drawing for drawing in drawings)


# -- in a browser


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium")
    with browser(program, tmp_path_factory.mktemp("profile")) as found:
        yield found


FACTS = """
({
  across: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  window: window.innerWidth,
  scripts: document.scripts.length,
  images: [...document.images].map(image => [image.complete, image.naturalWidth, image.naturalHeight,
    image.getBoundingClientRect().width, image.closest('.scroll') !== null]),
  boxes: [...document.querySelectorAll('table')].every(table => table.closest('.scroll') !== null),
  small: [...document.querySelectorAll('p, li, td, th, a')].some(
    part => part.innerText.trim() && parseFloat(getComputedStyle(part).fontSize) < 13),
})
"""


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("case", ["identified", "confounded", "evil", "many"])
def test_a_browser_shows_it(pages: dict[str, str], tab: Tab, tmp_path: Path, case: str, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(pages[case], encoding="utf-8")
    tab.open(file, width)
    found = tab.value(FACTS)
    assert found["window"] == width
    assert found["across"] <= 0
    assert found["scripts"] == 0
    assert found["boxes"]
    assert not found["small"]
    assert len(found["images"]) == len(Page(pages[case]).of("img"))
    for complete, across, down, shown, scrolls in found["images"]:
        assert complete
        assert min(across, down) > 100
        assert scrolls or 0.9 * across <= shown <= width or shown >= 0.85 * width
    assert tab.of("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled") == []
    asked = [event["request"]["url"] for event in tab.of("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]


def test_the_browser_would_tell_of_errors(tab: Tab, tmp_path: Path) -> None:
    """The test above can fail."""
    file = tmp_path / "bad.html"
    file.write_text(
        '<meta name="viewport" content="width=device-width"><div style="width: 900px">x</div>'
        '<script>nothing.there()</script><img src="missing.png">'
    )
    tab.open(file, 400)
    assert tab.value(FACTS)["across"] > 0
    assert tab.of("Runtime.exceptionThrown")
    assert len(tab.of("Network.requestWillBeSent")) == 2
    assert tab.value(FACTS)["images"][0][1] == 0


def test_pictures_fit_the_window(pages: dict[str, str], tab: Tab, tmp_path: Path) -> None:
    """A phone is shown drawings that were made for it."""
    file = tmp_path / "report.html"
    file.write_text(pages["identified"], encoding="utf-8")
    sizes = []
    for width in (1280, 400):
        tab.open(file, width)
        sizes.append({size[1] for size in tab.value(FACTS)["images"] if not size[4]})
    assert sizes == [{768}, {422}]


def test_answers_as_plain_values() -> None:
    def asked(found: Answers) -> dict[str, object]:
        return {key: found.to_dict()[key] for key in ("budget", "holdout", "converged")}

    confounded, whole = asked(told("confounded")), asked(told("many"))
    assert confounded["holdout"] is None
    assert "is not identified" in str(confounded["budget"])
    assert {"rows", "gain"} <= {*whole["budget"]}  # type: ignore[misc]
    assert {"rows", "observed"} <= {*whole["holdout"]}  # type: ignore[misc]
