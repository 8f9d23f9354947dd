"""The code of the user's own that a search runs, by names and hashes, to notice that it was edited."""

from __future__ import annotations

import dis
import hashlib
import inspect
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain
from types import CodeType, FunctionType, MethodType

from sklearn.base import BaseEstimator

__all__ = ["own_code"]

_OURS = frozenset({"benchmarks", "encoders", "surrogates"})
_LIBRARIES = frozenset({"lightning", "numpy", "pandas", "scipy", "sklearn", "torch", "torch_geometric", "xgboost"})
_OTHERS = _OURS | _LIBRARIES | sys.stdlib_module_names
_DIGITS = 16  # of a hash


def own_code(*values: object) -> list[str]:
    """The functions and classes that values are made of and that are neither this package's nor a library's.

    Of a class, its source counts, or the code of its methods where there is no source (a notebook); of a function, its
    bytecode with its constants, the names that it uses, its defaults, and the numbers, texts and functions of its
    closure. Functions that a function calls by a global name are not followed.

    Args:
        values: Objects, with what they hold: entries of mappings and sequences, parameters of estimators, arguments of
            partial functions.

    Returns:
        For each, its module, qualified name and a hash, sorted; the same in every process of one Python version.

    Example:
        >>> from surrogates.search import make_searcher
        >>> own_code(make_searcher("local"))
        []
    """
    found: dict[int, tuple[object, str]] = {}
    for value in values:
        _collect(value, found)
    return sorted({text for _, text in found.values() if text})


def _collect(value: object, found: dict[int, tuple[object, str]]) -> None:
    """Add the functions and classes of a value to those found: address -> the object, and its description."""
    if isinstance(value, FunctionType | type):
        if id(value) in found or not _is_own(value.__module__):
            return
        found[id(value)] = value, ""  # before its parts: a function may be in its own closure
        text = _class_text(value) if isinstance(value, type) else _function_text(value)
        found[id(value)] = value, f"{value.__module__}.{value.__qualname__} {_hash(text)}"
    for part in _parts(value):
        _collect(part, found)


def _parts(value: object) -> Iterator[object]:
    """What a value holds."""
    if isinstance(value, FunctionType):
        yield from (entry for _, entry in _captured(value) if isinstance(entry, FunctionType | MethodType | partial))
    elif isinstance(value, type):
        yield from value.__bases__
        yield from chain.from_iterable(map(_parts, _methods(value).values()))
    elif isinstance(value, Mapping):
        yield from chain(value.keys(), value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(wrapped := getattr(value, "__wrapped__", None), FunctionType):  # a cached function
        yield wrapped
    else:
        yield type(value)
        if isinstance(value, BaseEstimator):
            yield from value.get_params(deep=False).values()


def _is_own(module: str | None) -> bool:
    return str(module).partition(".")[0] not in _OTHERS


@lru_cache(maxsize=128)  # a class stays what it was when it was first described, also if its file is edited
def _source(kind: type) -> str:
    """The source of a class; empty if there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python parses the whole module, with its outdated escapes
            return inspect.getsource(kind)
    except Exception:  # no file, no such class in it, or whatever an edited file raises
        return ""


def _class_text(kind: type) -> str:
    methods = _methods(kind)
    if source := _source(kind):
        return " ".join([source, *map(_scalars, methods.values())])
    plain = [f"{name}={_constant(entry)}" for name, entry in vars(kind).items() if _is_plain(entry)]
    plain = [text for text in plain if not text.startswith("__")]
    return " ".join([*plain, *(f"{name} {_function_text(method)}" for name, method in methods.items())])


def _methods(kind: type) -> dict[str, FunctionType]:
    """The functions in the body of a class, those of properties among them."""
    found = {}
    for name, entry in vars(kind).items():
        for suffix in ("", "__func__", "fget", "fset", "func"):
            inner = getattr(entry, suffix, None) if suffix else entry
            if isinstance(inner, FunctionType):
                found[f"{name} {suffix}"] = inner
    return found


def _function_text(function: FunctionType) -> str:
    return f"{_bytecode(function.__code__)} {_scalars(function)}"


def _scalars(function: FunctionType) -> str:
    """Defaults and values of the closure that are plain, as text."""
    return ", ".join(f"{name}={_constant(value)}" for name, value in _captured(function) if _is_plain(value))


def _captured(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Defaults and values of the closure, except variables that the function itself rebinds, such as counters."""
    for place, value in enumerate(function.__defaults__ or ()):
        yield str(place), value
    yield from (function.__kwdefaults__ or {}).items()
    code = function.__code__
    rebound = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_DEREF"}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if name not in rebound:
            with suppress(ValueError):  # a variable without a value yet
                yield name, cell.cell_contents


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | complex | bytes)


def _bytecode(code: CodeType) -> str:
    """The instructions with the names and constants that they use, without addresses, files and lines."""
    return f"{code.co_code.hex()} {code.co_names} {code.co_freevars} {_constant(code.co_consts)}"


def _constant(value: object) -> str:
    if isinstance(value, CodeType):
        return _bytecode(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_constant, value))})"
    if isinstance(value, frozenset):  # its order differs between processes
        return f"{{{', '.join(sorted(map(_constant, value)))}}}"
    return repr(value)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
