"""Texts that are not lavaan's language, or say what is not supported: line, column and what is wrong."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import ModelError
from semnan.model.lavaan import compile_text

BAD = [
    ("", 1, 1, "no formula"),
    ("# a comment alone", 1, 1, "no formula"),
    ("x", 1, 2, "expected an operator (=~, ~, ~~, |, :=, ==, < or >), found the end of the line"),
    ("x1 + x2", 1, 8, "expected an operator"),
    ("f =~", 1, 5, "expected a name or a number, found the end of the text"),
    ("=~ x", 1, 1, "expected a name or a number, found '=~'"),
    ("f =~ x1 x2", 1, 9, "expected `+`, `*` or the end of the line, found 'x2'"),
    ("f =~ x1 +   ", 1, 10, "found the end of the text"),
    ("f =~ x1 +\n\n g ~ y", 3, 4, "expected `+`, `*` or the end of the line, found '~'"),
    ("y ~ x ~ z", 1, 7, "found '~'"),
    ("y ~ x, z", 1, 6, "found ','"),
    ("y ~ x) + z", 1, 6, "found ')'"),
    ("y ~ lower(0*x", 1, 14, "expected `)`"),
    ("f =~ 2x1", 1, 7, "found 'x1'"),
    ("f =~ *x1", 1, 6, "expected a name or a number, found '*'"),
    ("f =~ x1 - x2", 1, 9, "write -1*x"),
    ("f = x1", 1, 3, "a lone `=` is no operator"),
    ("y ~ a*x\na <= 2", 2, 4, "written `<` and `>`"),
    ("y ~ x $ z", 1, 7, "'$' has no meaning"),
    ("\ty ~ x +\n  z $", 2, 5, "'$' has no meaning"),
    ("_y ~ x", 1, 1, "starts with a letter or a dot"),
    ('y ~ "a*x', 1, 5, "quote is not closed"),
    ("if ~ x", 1, 1, "`if` is a reserved word"),
    ("y ~ TRUE*x", 1, 5, "`TRUE` is a reserved word"),
    ("y ~ NA", 1, 5, "`NA` is a reserved word"),
    ("3 ~ x", 1, 1, "the name of a variable"),
    ("y ~ 2", 1, 5, "or 1 for an intercept, found '2'"),
    ("x ~~ 1", 1, 6, "the name of a variable here, found '1'"),
    ("y ~ (x + z)", 1, 6, "the name of a variable"),
    ("2*y ~ x", 1, 1, "modifiers stand on the right"),
    ("f =~ f", 1, 6, "cannot measure itself"),
    ("y ~ a*x + b*x", 1, 11, "another `label` modifier"),
    ("y ~ 2*x; y ~ 3*x", 1, 14, "another `fixed` modifier"),
    ("f =~ x1 + foo(1)*x2", 1, 11, "foo() is no modifier"),
    ("f =~ x1 + label(2)*x2", 1, 17, "expected a label"),
    ("f =~ x1 + start(a)*x2", 1, 17, "expected a number"),
    ("f =~ start(.5)*x1 + x2", 1, 6, "fixed to 1: free it with NA*"),
    ("f =~ c(1, 2)*x1", 1, 6, "2 values for 1 group"),
    ("f =~ c(a, 2)*x1", 1, 11, "expected a label"),
    ("y ~ 1/0*x", 1, 5, "divides by zero"),
    ("y ~ log(-1)*x", 1, 5, "has no value"),
    ("y ~ 1e999*x", 1, 5, "beyond floating point"),
    ("y ~ 1e300*x + (1e300*1e300)*z", 1, 16, "it has to be finite"),
    ("y ~ a?x", 1, 5, "expected a number"),
    ("y ~ equal('y~q')*x", 1, 5, "names no row"),
    ("y ~ equal('y~z')*x + equal('y~x')*z", 1, 5, "goes in a circle"),
    ("y ~ start(5)*x + upper(2)*x", 1, 5, "outside its bounds"),
    ("y ~ x\nx ~~ -1*x", 2, 6, "a variance is not negative"),
    ("y ~ b*x\nz ~ b*x + start(2)*x\nz ~ 1*w + b*w", 2, 5, "tied to one fixed to 1"),
    ("y ~ 1*x + b*x\nz ~ 2*x + b*x", 2, 5, "tied to a row with another fixed value, 1"),
    ("a + b := 2", 1, 1, "one name on the left of `:=`"),
    ("y ~ a*x\na := 2", 2, 1, "is a label already"),
    ("y ~ a*x\na < log(0)", 2, 1, "has no value"),
    ("y ~ a*x\na < 1e300*1e300", 2, 1, "has the number inf"),
    ("y ~ a*x\nq := a + b", 2, 1, "uses 'b'"),
    ("y ~ a*x\na == q", 2, 1, "uses 'q'"),
    ("y ~ a*x\nq := foo(a)", 2, 6, "foo() is no function"),
    ("y ~ a*x\nq := 'a'", 2, 6, "found text in quotes"),
    ("y ~ a*x\nq := a ? 2", 2, 8, "`?` gives a start"),
    ("y ~ 1*x + a*x\na > 2", 2, 1, "fixed to 1"),
    ("y ~ x\nx ~ y", 1, 5, "nonrecursive models are not supported: y -> x -> y is a feedback loop"),
    ("y ~ y", 1, 5, "nonrecursive"),
    ("q ~ a\nc ~ a\nb ~ c\na ~ b", 2, 5, "is a feedback loop"),
    ("f =~ x1\nx1 ~ f", 2, 6, "a loading and a regression"),
    ("group: 1\ny ~ x", 1, 6, "blocks (`group:`, `level:`) and interactions (`a:b`) are not supported"),
    ("y ~ x\n  level : 2", 2, 9, "not supported"),
    ("y ~ x:z", 1, 6, "interactions"),
    ("f <~ x", 1, 3, "formative latents"),
    ("y ~ x; y | t2", 1, 12, "expected the threshold t1"),
    ("y ~ x; y | t1 + t3", 1, 17, "expected the threshold t2"),
    ("y ~ x; y | a*t1", 1, 12, "modifiers on thresholds"),
    ("f =~ y1 + y2 + y3; f | t1", 1, 24, "is a latent"),
    ("y ~*~ y", 1, 3, "scaling factors"),
    ("y % x", 1, 3, "`%` is not supported"),
    ('efa("e")*f =~ x1', 1, 1, "exploratory blocks"),
    ("y ~ rv('s')*x", 1, 5, "random slopes"),
    ("y ~ prior('N(0,1)')*x", 1, 5, "priors"),
]


@pytest.mark.parametrize(("text", "line", "column", "told"), BAD)
def test_the_place_and_the_matter_are_told(text: str, line: int, column: int, told: str) -> None:
    with pytest.raises(ModelError) as error:
        compile_text(text)
    message, shown, caret = str(error.value).split("\n")
    assert message.startswith(f"line {line}, column {column}: ")
    assert told in message
    # The line itself, and a caret under the place.
    assert shown.strip() == text.split("\n")[line - 1].strip()
    assert caret == " " * (len("    ") + column - 1) + "^"


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "f =~ " + " + ".join(f"x{i}" for i in range(200)) + " $ " + " + ".join(f"y{i}" for i in range(200))
    with pytest.raises(ModelError) as error:
        compile_text(text)
    _, shown, caret = str(error.value).split("\n")
    assert shown[caret.index("^")] == "$"
    assert len(shown) < 110


def test_a_long_name_does_not_make_a_long_message() -> None:
    with pytest.raises(ModelError, match=r"^line 1, column 1: .* …\n") as error:
        compile_text(f"{'q' * 10_000} := {'b' * 10_000}")
    assert len(str(error.value)) < 700


def test_the_work_is_bounded() -> None:
    with pytest.raises(ModelError, match="the limit is 1000000"):
        compile_text("x" * 1_000_001)
    for deep in ("(" * 5000 + "a" + ")" * 5000, "-" * 5000 + "a", "a^" * 5000 + "a", "a+" * 5000 + "a", "exp(" * 5000):
        with pytest.raises(ModelError, match=re.escape("line 2, column")):
            compile_text(f"y ~ a*x\nq := {deep}")
    many = " + ".join(f"x{i}" for i in range(1000))
    with pytest.raises(ModelError, match="more than 200000 rows"):
        compile_text(f"{many} ~ {many.replace('x', 'z')}")
    with pytest.raises(ModelError, match="more than 200000 covariances"):
        compile_text("\n".join(f"f{i} =~ x{i}" for i in range(800)))
    with pytest.raises(ModelError, match="more than 200000 covariances"):
        compile_text(f"y ~ {many}", fixed_x=False)
    assert len(compile_text(f"y ~ {many}").exogenous) == 1000
    with pytest.raises(ModelError, match="more than 200000 rows"):
        compile_text("\n".join(f"f{i} =~ x{i}" for i in range(500)), groups=("a", "b"))


def test_arithmetic_of_a_hundred_steps_is_read() -> None:
    model = compile_text("y ~ a*x\nq := " + "(" * 99 + "a" + ")" * 99 + "\nr := " + "a + " * 99 + "a")
    assert [defined.name for defined in model.defined] == ["q", "r"]


def test_only_text_is_read() -> None:
    with pytest.raises(ModelError, match="a model text is a string, got bytes"):
        compile_text(b"y ~ x")  # type: ignore[arg-type]


PIECES = (
    *("f", "x1", "x2", "y", "z", "a", "b", "NA", "c", "start", "lower", "label", "equal", "group", "é", "if"),
    *("=~", "~", "~~", "~1", ":=", "==", "<", ">", ":", "|", "<~", "~*~", "+", "-", "*", "/", "^", "?", "%", "="),
    *("1", "0", "2.5", "1e3", "1e999", ".", '"', '"a"', "'f=~x2'", "(", ")", ",", "\n", ";", "#", "!", " ", "\t"),
)
VALID = (
    "f =~ x1 + a*x2 + start(0.5)*x3\ny ~ f + c(b, b)*z  # causes\n y ~~ NA*y\ny ~ 1\nq := a*b^2\nb > 0.1\na == -b",
    "i =~ 1*t1 + 1*t2; s =~ 0*t1 + 1*t2\ni ~ x; s ~ label('d')*x + lower(-1)*x; i ~~ 0.2?s; x ~ 0; d < 2",
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid text with a few places cut, doubled or replaced."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 6))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.just(text[start : start + 3 * length]), st.text(max_size=2)))
        text = text[:start] + piece + text[start + length :]
    return text


TEXTS = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=30).map("".join), mutated())
FUNCTIONS = st.sampled_from(["sem", "cfa", "growth", "lavaan"])
GROUPS = st.sampled_from([(), ("a", "b")])


@given(TEXTS, FUNCTIONS, GROUPS)
def test_any_text_is_a_model_or_a_model_error(text: str, function: str, groups: tuple[str, ...]) -> None:
    with suppress(ModelError):
        compile_text(text, function=function, groups=groups)
