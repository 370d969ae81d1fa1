"""What an HTML report is made of: sections of text, tables in boxes that scroll, and pictures inside of the file.

The page asks for nothing from outside and runs no script; its content security policy forbids both. Every text that
came with the data is escaped.
"""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from html import escape
from io import BytesIO
from itertools import count
from typing import final

from semnan.identification import Status
from semnan.mmm.plots.canvas import NARROW, WIDE
from semnan.report import Drawing
from semnan.report.table import Table

#: Pixels of the window up to which pictures for a phone are shown.
PHONE = 640
#: CSS pixels in an inch of a drawing, and the share of it to which a drawing of one size may shrink.
PIXELS, SHRUNK = 96, 0.85

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: #1f2937; line-height: 1.5; overflow-wrap: anywhere;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 16px; }
header, section, footer { max-width: 1000px; margin: 0 auto 1rem; padding: 1rem 1.5rem; background: #fff;
  border: 1px solid #e5e7eb; border-radius: 8px; }
header { margin-top: 1rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .9rem; }
h1 { font-size: 1.6rem; margin: .2rem 0 .6rem; }
h2 { font-size: 1.25rem; margin: .2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
p { margin: .4rem 0; max-width: 75ch; }
a { color: #0b5c94; }
ul { padding-left: 1.3rem; margin: .4rem 0; }
figure { margin: 1rem 0; }
figcaption { font-size: .9rem; color: #4b5563; max-width: 75ch; }
img { display: block; max-width: 100%; height: auto; }
.scroll { overflow-x: auto; margin: .6rem 0; }
.scroll:focus-visible { outline: 2px solid #0072b2; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e5e7eb; }
th { color: #374151; white-space: nowrap; }
td { max-width: 28rem; }
td:first-child { min-width: 6.5rem; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; }
.yes, .no { display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: .85rem; white-space: nowrap; }
.yes { background: #d9efe6; color: #004d38; }
.no { background: #fbe3d3; color: #7a3300; }
.notice { border-left: 4px solid #d55e00; background: #fdf4ee; padding: .5rem .8rem; margin: .5rem 0; }
@media (max-width: 640px) {
  header, section, footer { padding: .8rem .7rem; border-radius: 0; border-left: 0; border-right: 0; }
  body { font-size: 15px; }
  td { max-width: 12rem; }
  td:first-child { min-width: 8.5rem; }
}
@media print { body { background: #fff; } section { break-inside: avoid; border: 0; } }
"""
#: Cells that are numbers, intervals, or nothing.
NUMBER = re.compile(r"[-+—\d.,e%]*( to [-+\d.,e]+)?$")
#: Where a long name is broken first.
MARK = re.compile(r"(?<=[_/])(?=\w)")
#: Nothing is loaded from anywhere, and no script runs.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@final
@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    anchor : str
        Its address within the page.
    title : str
        Plain text.
    body : tuple of str
        HTML.

    """

    anchor: str
    title: str
    body: tuple[str, ...]

    def html(self) -> str:
        inside = "\n".join(self.body)
        return f'<section id="{self.anchor}">\n<h2>{escape(self.title)}</h2>\n{inside}\n</section>'


def page(title: str, lead: Iterable[str], sections: Iterable[Section]) -> str:
    """A whole document: a heading with `lead` (HTML) and links to the sections, then these."""
    parts = tuple(sections)
    links = "\n".join(f'<a href="#{part.anchor}">{escape(part.title)}</a>' for part in parts)
    head = "\n".join(lead)
    body = "\n".join(part.html() for part in parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n'
        f"<header>\n<h1>{escape(title)}</h1>\n{head}\n<nav>\n{links}\n</nav>\n</header>\n<main>\n{body}\n</main>\n"
        f"</body>\n</html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(lines: Iterable[str]) -> str:
    """A list of plain texts; nothing if there are none."""
    made = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{made}</ul>" if made else ""


def badge(text: str, *, good: bool) -> str:
    """A verdict, as HTML."""
    return f'<span class="{"yes" if good else "no"}">{escape(text)}</span>'


def breakable(text: str) -> str:
    """A plain text whose names may be broken after underscores and slashes, as HTML."""
    return MARK.sub("<wbr>", escape(text))


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[str]], numbers: Iterable[int] = ()) -> str:
    """A table of cells that are HTML, in a box that scrolls.

    Parameters
    ----------
    caption : str
        Plain text; what a screen reader tells.
    columns : iterable of str
        Plain text.
    rows : iterable of iterables of str
        HTML.
    numbers : iterable of int
        The columns of numbers, aligned to the right.

    """
    right = {*numbers}
    head = _cells('th scope="col"', map(escape, columns), right)
    body = "".join(_cells("td", row, right) for row in rows)
    inside = f"<caption>{escape(caption)}</caption><thead>{head}</thead><tbody>{body}</tbody>"
    return scrolling(f"<table>{inside}</table>", caption)


def _cells(tag: str, cells: Iterable[str], right: Collection[int]) -> str:
    """A row of a table; the end tag needs no attributes."""
    end = tag.split()[0]
    kinds = (' class="number"' if i in right else "" for i in count())
    made = (f"<{tag}{kind}>{cell}</{end}>" for kind, cell in zip(kinds, cells, strict=False))
    return f"<tr>{''.join(made)}</tr>"


def result_table(found: Table) -> str:
    """The table of a result, with its notes below."""
    right = [i for i in range(len(found.columns)) if all(NUMBER.match(row[i]) for row in found.rows)]
    verdict = found.columns.index("verdict") if "verdict" in found.columns else None
    rows = (
        [
            badge(cell, good=cell == Status.IDENTIFIED.value) if i == verdict and cell else breakable(cell)
            for i, cell in enumerate(row)
        ]
        for row in found.rows
    )
    return table(found.title, found.columns, rows, right) + "".join(paragraph(note) for note in found.footer)


def scrolling(inside: str, label: str) -> str:
    """HTML in a box that scrolls sideways, by keyboard too."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inside}</div>'


def picture(draw: Callable[[float], Drawing], told: str, caption: str = "") -> str:
    """A drawing, made once for wide windows and once for a phone; `told` says in words what it shows."""
    wide, narrow = draw(WIDE), draw(NARROW)
    source = f'<source media="(max-width: {PHONE}px)" srcset="{_address(narrow)}" {_size(narrow)}>'
    image = f'<img src="{_address(wide)}" alt="{escape(told)}" {_size(wide)}>'
    return _figure(f"<picture>{source}{image}</picture>", caption)


def wide_picture(drawing: Drawing, told: str, caption: str = "") -> str:
    """A drawing of one size, nearly all of which a narrow window keeps, scrolling."""
    least = round(float(drawing.figure.get_figwidth()) * PIXELS * SHRUNK)
    image = f'<img src="{_address(drawing)}" alt="{escape(told)}" {_size(drawing)} style="min-width: {least}px">'
    return _figure(scrolling(image, told), caption)


def _figure(inside: str, caption: str) -> str:
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{inside}{below}</figure>"


def _address(drawing: Drawing) -> str:
    """The drawing as a data address. The same drawing gives the same text."""
    with warnings.catch_warnings(record=True) as told:
        warnings.filterwarnings("always", "Glyph .* missing", UserWarning)
        found = _svg(drawing, "path")
        if any("Glyph" in str(warning.message) for warning in told):
            found = _svg(drawing, "none")  # Letters that matplotlib's font does not have are left to the browser.
    return "data:image/svg+xml;base64," + base64.b64encode(found).decode("ascii")


def _svg(drawing: Drawing, letters: str) -> bytes:
    from matplotlib import rc_context

    buffer = BytesIO()
    with rc_context({"svg.hashsalt": "semnan", "svg.fonttype": letters}):
        drawing.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _size(drawing: Drawing) -> str:
    width, height = drawing.figure.get_size_inches()
    return f'width="{round(width * PIXELS)}" height="{round(height * PIXELS)}"'
