"""What lavaan's defaults, modifiers and options make of a text; the expected models are written out in full."""

import subprocess
import sys
import time
from textwrap import dedent
from typing import Any

import pytest

from semnan import ModelError, PathModel
from semnan.model.lavaan import compile_text
from semnan.model.to_text import model_text

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "the first loading is one, independent latents are correlated": (
        "f =~ x1 + x2; g =~ x3 + x4",
        {"function": "cfa"},
        """
        f =~ 1*x1 + x2
        g =~ 1*x3 + x4
        x1 ~~ x1
        x2 ~~ x2
        x3 ~~ x3
        x4 ~~ x4
        f ~~ f
        g ~~ g
        f ~~ g
        """,
    ),
    "latents of variance one": (
        "f =~ x1 + x2; g =~ f; g ~ z",
        {"std_lv": True},
        """
        f =~ x1 + x2
        g =~ f
        g ~ z
        x1 ~~ x1
        x2 ~~ x2
        f ~~ 0*f
        g ~~ 1*g
        """,
    ),
    "uncorrelated latents, but for what is written": (
        "f =~ x1 + x2; g =~ x3; h =~ x4; f ~~ h",
        {"orthogonal": True},
        """
        f =~ 1*x1 + x2
        g =~ 1*x3
        h =~ 1*x4
        f ~~ h
        x1 ~~ x1
        x2 ~~ x2
        x3 ~~ 0*x3
        x4 ~~ 0*x4
        f ~~ f
        g ~~ g
        h ~~ h
        f ~~ 0*g
        g ~~ 0*h
        """,
    ),
    "dependent variables that predict nothing are correlated": (
        "f =~ x1 + x2; f ~ z; y1 ~ z; y2 ~ y1; y3 ~ z",
        {},
        """
        f =~ 1*x1 + x2
        f ~ z
        y1 ~ z
        y2 ~ y1
        y3 ~ z
        x1 ~~ x1
        x2 ~~ x2
        y1 ~~ y1
        y2 ~~ y2
        y3 ~~ y3
        f ~~ f + y2 + y3
        y2 ~~ y3
        """,
    ),
    "modelled covariates": (
        "y ~ x + z",
        {"fixed_x": False, "meanstructure": True},
        """
        y ~ x + z
        y ~~ y
        x ~~ x + z
        z ~~ z
        y ~ 1
        x ~ 1
        z ~ 1
        """,
    ),
    "a covariate whose variance is written is no covariate any more": (
        "y ~ x + z; x ~~ x",
        {},
        """
        y ~ x + z
        x ~~ x
        y ~~ y
        """,
    ),
    "growth": (
        "i =~ 1*t1 + 1*t2; s =~ 0*t1 + 1*t2; i ~ z",
        {"function": "growth"},
        """
        i =~ 1*t1 + 1*t2
        s =~ 0*t1 + 1*t2
        i ~ z
        t1 ~~ t1
        t2 ~~ t2
        i ~~ i
        s ~~ s
        t1 ~ 0*1
        t2 ~ 0*1
        i ~ 1
        s ~ 1
        """,
    ),
    "as written": ("f =~ x1 + x2; y ~ f", {"function": "lavaan"}, "f =~ x1 + x2\ny ~ f"),
    "as written, with means": (
        "x ~~ x",
        {"function": "lavaan", "meanstructure": True},
        """
        x ~~ x
        x ~ 0*1
        """,
    ),
    "single defaults": (
        "f =~ x1 + x2; y ~ f; z ~ f",
        {"function": "lavaan", "auto_fix_first": True, "auto_var": True, "auto_cov_y": True},
        """
        f =~ 1*x1 + x2
        y ~ f
        z ~ f
        x1 ~~ x1
        x2 ~~ x2
        y ~~ y
        z ~~ z
        f ~~ f
        y ~~ z
        """,
    ),
    "modifiers of one variable are merged, on one line or several": (
        "y ~ start(0.5)*a*x + lower(-1)*x\ny ~ upper(2)*x; y ~ NA*z + 0.1?z; y ~ 1",
        {"function": "lavaan"},
        """
        y ~ a*x + start(0.5)*x + lower(-1)*x + upper(2)*x + start(0.1)*z + 1
        """,
    ),
    "numbers": (
        "y ~ + -1*a + +1e-3*b + (1/4)*c + 1/8*d + sqrt(4)*e + (-.5)*g + 2^-1*h + fixed(3)*k; y ~ 0",
        {"function": "lavaan"},
        "y ~ -1*a + 0.001*b + 0.25*c + 0.125*d + 2*e + -0.5*g + 0.5*h + 3*k + 0*1",
    ),
    "labels": (
        "y ~ label('two words')*a + label(\"b\")*b + c('d')*c + (e)*d",
        {"function": "lavaan"},
        'y ~ label("two words")*a + b*b + d*c + e*d',
    ),
    "equal() ties to the row it names, whichever comes first": (
        "y ~ equal('y~z')*x + z + b*w + equal('y ~ w')*v; x ~~ z; v ~~ equal('z~~x')*w",
        {"function": "lavaan"},
        """
        y ~ .p1.*x + .p1.*z + b*w + b*v
        x ~~ .p5.*z
        w ~~ .p5.*v
        """,
    ),
    "a label shared with a fixed row fixes": (
        "f =~ a*x1 + a*x2 + lower(0)*a*x3",
        {"auto_var": False, "function": "lavaan", "auto_fix_first": True},
        "f =~ 1*x1 + a*x1 + 1*x2 + a*x2 + 1*x3 + a*x3",
    ),
    "tied rows have the loosest finite bounds": (
        "y ~ lower(0)*a*x + lower(-1)*a*z + upper(2)*a*w",
        {"function": "lavaan"},
        "y ~ a*x + lower(-1)*x + upper(2)*x + a*z + lower(-1)*z + upper(2)*z + a*w + lower(-1)*w + upper(2)*w",
    ),
    "inequalities of a label and a number are bounds": (
        "y ~ a*x + b*z; a > 1/2; 3 > a; b < a; b > lower; lower := a + b; b == 1; 2*b > 0",
        {"function": "lavaan"},
        """
        y ~ a*x + lower(0.5)*x + upper(3)*x + b*z
        lower := a + b
        b < a
        b > lower
        b == 1
        2 * b > 0
        """,
    ),
    "a latent without indicators": (
        "f =~ 0; y ~ x; f ~ x",
        {"function": "sem"},
        """
        y ~ x
        f ~ x
        y ~~ y
        f ~~ f
        f =~ 0
        """,
    ),
}


@pytest.mark.parametrize(("text", "options", "expected"), CASES.values(), ids=CASES)
def test_defaults_and_modifiers(text: str, options: dict[str, Any], expected: str) -> None:
    assert model_text(compile_text(text, **options)) == dedent(expected).strip() + "\n"


GROUPED: dict[str, tuple[str, dict[str, Any], str]] = {
    "vectors": (
        "f =~ c(1, NA)*x1 + c(a, b)*x2 + start(c(0.1, NA))*x3 + c('d', '')*x4 + c(NA, NA)*x5 + e*x6 + 2*x7",
        {"function": "lavaan"},
        """
        f =~ c(1, NA)*x1 + c(a, b)*x2 + start(c(0.1, NA))*x3 + c("d", "")*x4 + x5 + e*x6 + 2*x7
        """,
    ),
    "bounds": (
        "y ~ lower(c(0, -Inf))*x + upper(c(Inf, 2))*z + lower(1)*w",
        {"function": "lavaan"},
        "y ~ lower(c(0, -Inf))*x + upper(c(Inf, 2))*z + lower(1)*w",
    ),
    "means come with groups": (
        "y ~ x",
        {},
        """
        y ~ x
        y ~~ y
        y ~ 1
        """,
    ),
    "but not if they are not wanted": ("y ~ x", {"meanstructure": False}, "y ~ x\ny ~~ y"),
    "equal loadings and intercepts free the latent means of further groups": (
        "f =~ x1 + x2",
        {"group_equal": ["loadings", "intercepts"]},
        """
        f =~ 1*x1 + .p2.*x2
        x1 ~~ x1
        x2 ~~ x2
        f ~~ f
        x1 ~ .p6.*1
        x2 ~ .p7.*1
        f ~ c(0, NA)*1
        """,
    ),
    "equal means keep them": (
        "f =~ x1 + x2",
        {"group_equal": ["intercepts", "means", "residuals", "lv.variances"]},
        """
        f =~ 1*x1 + x2
        x1 ~~ .p3.*x1
        x2 ~~ .p4.*x2
        f ~~ .p5.*f
        x1 ~ .p6.*1
        x2 ~ .p7.*1
        f ~ 0*1
        """,
    ),
    "equal loadings free the variances of further groups": (
        "f =~ x1 + x2",
        {"group_equal": "loadings", "std_lv": True, "meanstructure": False},
        """
        f =~ .p1.*x1 + .p2.*x2
        x1 ~~ x1
        x2 ~~ x2
        f ~~ c(1, NA)*f
        """,
    ),
    "exceptions; a marker that is one is free in further groups": (
        "f =~ x1 + x2 + x3; x1 ~~ x2",
        {
            "group_equal": ["loadings", "residual.covariances", "residuals"],
            "group_partial": ["f =~ x1", "f=~x3", "x2~~x1", "x3~~x3"],
            "meanstructure": False,
        },
        """
        f =~ c(1, NA)*x1 + .p2.*x2 + x3
        x1 ~~ x2 + .p5.*x1
        x2 ~~ .p6.*x2
        x3 ~~ x3
        f ~~ f
        """,
    ),
    "regressions and covariances of latents; labels come first": (
        "f =~ x1; g =~ x2; y ~ f + c(a, b)*g; f ~~ g",
        {"group_equal": ["regressions", "lv.covariances"], "meanstructure": False},
        """
        f =~ 1*x1
        g =~ 1*x2
        y ~ .p3.*f + c(a, b)*g
        f ~~ .p5.*g
        x1 ~~ 0*x1
        x2 ~~ 0*x2
        y ~~ y
        f ~~ f
        g ~~ g
        """,
    ),
    "equal() across groups": (
        "y ~ x + equal('y~x.g2')*z",
        {"function": "lavaan"},
        'y ~ c("", ".p2.")*x + .p2.*z',
    ),
}


@pytest.mark.parametrize(("text", "options", "expected"), GROUPED.values(), ids=GROUPED)
def test_groups(text: str, options: dict[str, Any], expected: str) -> None:
    model = compile_text(text, groups=("A", "B"), **options)
    assert model_text(model) == dedent(expected).strip() + "\n"


def test_the_rows_of_a_group_come_together() -> None:
    model = compile_text("y ~ x", groups=("A", "B"), meanstructure=False)
    assert [(row.group, row.edge) for row in model.parameters] == [
        (group, edge) for group in "AB" for edge in ("x -> y", "y <-> y")
    ]


LAYOUTS = (
    "f =~ x1 + x2\ny ~ f\n",
    "# a model\nf =~ x1 +\n  # more\n\n  x2 ! and\ny~f",
    "f=~x1\n  + x2;;\n;y ~\n\nf",
    "\n f\n=~ x1 + x2 # y ~ x\r\n\ty ~ f \r\n",
)


@pytest.mark.parametrize("text", LAYOUTS)
def test_lines_and_comments(text: str) -> None:
    assert compile_text(text) == compile_text(LAYOUTS[0])


def test_typographic_tildes() -> None:
    assert compile_text("y \u02dc x") == compile_text("y ~ x")


def test_a_leading_plus_says_nothing() -> None:
    assert compile_text("y ~ + x + + z") == compile_text("y ~ x + z")


def test_names_of_any_script() -> None:
    model = compile_text("größe =~ x.1 + .y_2 + переменная; 変数 ~ größe")
    assert model.visibles == ("x.1", ".y_2", "переменная", "変数")
    assert model.latents == ("größe",)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"function": "efa"}, "function='efa': give one of sem, cfa, growth, lavaan"),
    ({"std_lv": 1}, "std_lv=1: give True or False"),
    ({"std_lv": True, "auto_fix_first": True}, "both give the latents a scale"),
    ({"meanstructure": False, "function": "growth"}, "meanstructure=False, but the model has intercepts"),
    ({"groups": ("A",)}, "two or more different names"),
    ({"groups": ("A", "B"), "group_equal": "thresholds"}, "group_equal has 'thresholds', but no variable is ordered"),
    ({"group_equal": "loadings"}, "name them with `groups`"),
    ({"groups": ("A", "B"), "group_partial": "y~x"}, "exceptions from group_equal"),
    ({"groups": ("A", "B"), "group_equal": "loadings", "group_partial": "y~q"}, "'y~q', which is no row"),
    ({"groups": ("A", "B"), "group_equal": "loadings", "group_partial": "y~x.g2"}, "'y~x.g2', which is no row"),
]


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_options_that_make_no_sense(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        compile_text("y ~ x", **options)


def test_intercepts_that_are_written_are_wanted() -> None:
    with pytest.raises(ModelError, match="the model has intercepts"):
        compile_text("y ~ x + 1", meanstructure=False)


def test_a_label_that_ties_get_is_not_given_twice() -> None:
    with pytest.raises(ModelError, match=r"line 1, column 5: this row gets the label .p1., which another has"):
        compile_text("y ~ x + equal('y~x')*z + .p1.*w")


def test_the_same_text_is_compiled_once() -> None:
    text = "y ~ x + only_here"
    assert compile_text(text, groups=["A", "B"]) is compile_text(text, groups=("A", "B"))


def test_from_lavaan_takes_the_options() -> None:
    assert PathModel.from_lavaan("y ~ x", fixed_x=False).exogenous == ()


def test_reading_is_fast() -> None:
    """600 indicators; the limit is generous, for a busy machine."""
    text = "\n".join(f"f{i} =~ " + " + ".join(f"x{i}_{j}" for j in range(20)) for i in range(30))
    compile_text("y ~ x")
    start = time.perf_counter()
    assert len(compile_text(text).parameters) == 600 + 600 + 30 * 31 / 2
    assert time.perf_counter() - start < 3


def test_the_grammar_is_built_when_it_is_needed() -> None:
    code = "import sys, semnan; assert 'lark' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
