"""`--arg key=value`: options of the model under lavaan's names, read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, get_type_hints

import typer

from semnan.text import ModelOptions

#: What has a flag of its own.
FLAGS = ("group", "missing", "information", "starts", "seed", "n")
_QUOTED = re.compile(r"""^(["'])(?P<inside>[^"']*)\1$""")


def read_arguments(given: Iterable[str]) -> dict[str, Any]:
    """The options in ``key=value`` texts; dots in keys may be underscores.

    Switches are ``true`` or ``false``, as R writes them too; lists are ``a,b`` or ``c("a", "b")``.
    """
    kinds = get_type_hints(ModelOptions)
    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        name = key.strip().replace(".", "_")
        if not equals:
            raise _wrong(f"{text!r} has no value: write key=value")
        if name not in kinds:
            raise _wrong(_unknown(key.strip(), name, tuple(kinds)))
        if name in found:
            raise _wrong(f"{key.strip()} is given twice")
        read: Callable[[str, str], Any] = _list if kinds[name] == Sequence[str] else _switch
        found[name] = read(key.strip(), value.strip())
    return found


def _unknown(key: str, name: str, known: tuple[str, ...]) -> str:
    if name in FLAGS:
        return f"{key} has a flag of its own: --{name}"
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    dotted = ", ".join(option.replace("_", ".") for option in close or known)
    return f"there is no option {key!r}; {'did you mean' if close else 'there are'} {dotted}{'?' if close else ''}"


def _switch(key: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise _wrong(f"{key} is {value!r}: give true or false")
    return value.lower() == "true"


def _list(key: str, value: str) -> list[str]:
    inside = value[2:-1] if value.startswith("c(") and value.endswith(")") else value
    items = [_item(item.strip()) for item in inside.split(",")]
    if not all(items):
        raise _wrong(f"{key} is {value!r}: give names separated by commas, such as loadings,intercepts")
    return items


def _item(text: str) -> str:
    quoted = _QUOTED.match(text)
    return quoted["inside"].strip() if quoted else text


def _wrong(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="--arg")
