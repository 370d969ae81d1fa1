"""Sphinx configuration: the pages of this folder, and the examples as executed notebooks."""

import re
import shutil
from pathlib import Path

import semnan

HERE = Path(__file__).parent
shutil.rmtree(HERE / "examples", ignore_errors=True)
(HERE / "examples").mkdir()
for example in sorted((HERE.parent / "examples").glob("*.py")):
    shutil.copy(example, HERE / "examples")

project = "semnan"
author = "The semnan authors"
copyright = "The semnan authors; Apache-2.0"
version = release = semnan.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "jupyter_execute", "conf.py"]
html_theme = "furo"
html_title = f"semnan {release}"

myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True
# Names in sections "Attributes" become references, and several classes have a `chi_square`: all are what they say.
suppress_warnings = ["ref.python"]


def keep_colon(_app, what, _name, _obj, _options, lines):
    """Napoleon takes what stands before a colon in the docstring of a property for its type."""
    if what in ("attribute", "property") and lines:
        lines[0] = lines[0].replace(": ", " – ", 1)


def mend_fields(_app, _what, _name, _obj, _options, lines):
    """Shapes start with ``*batch``, which is no emphasis; of ``source, target`` the first is no type."""
    for i, line in enumerate(lines):
        field = re.sub(r"^:(ivar|vartype) (\w+), (\w+):", r":\1 \2,\3:", line)
        lines[i] = field.replace("(*batch", r"(\*batch")


def setup(app):
    app.connect("autodoc-process-docstring", keep_colon, priority=400)
    app.connect("autodoc-process-docstring", mend_fields, priority=600)
