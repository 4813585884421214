"""From plain documents to dataclasses, strictly: every error is one line naming source, key and what is allowed.

It stands in this package because this is the lowest floor that reads files people write; profiles and run
configurations share it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")
Sections = Mapping[str, type[Any]]
"""The dataclass of each field that is annotated ``Any`` because it depends on another field's value."""

_NO_SECTIONS: Sections = {}
_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", NoneType: "null"}
_SHOWN = 60  # characters of a wrong value that an error repeats


class DocumentError(ValueError):
    """A document does not fit; one line saying where it came from, which key, and what is allowed."""


def convert(document: object, cls: type[T], source: str, sections: Sections = _NO_SECTIONS, path: str = "") -> T:
    """Build the dataclass ``cls`` from a mapping; nested dataclasses are sections, an empty section has no keys.

    A section that may be None is None where the document does not name it.

    ``source`` (a file's name, an option) opens every error, ``path`` is the key of the document itself.
    Whole numbers are accepted as numbers, nothing else is converted. Raises DocumentError.
    """
    document = {} if document is None else document
    if not isinstance(document, Mapping):
        raise DocumentError(f"{source}: {path or 'the document'} must be keys with values, not {_shown(document)}")
    types = field_types(cls, sections)
    for key in document:
        if key not in types:
            raise DocumentError(f"{source}: {unknown_key(key, types, path)}")
    values = {}
    for field in fields(cls):  # type: ignore[arg-type]
        place = f"{path}.{field.name}" if path else field.name
        section = section_type(types[field.name])
        if section is not None and (field.name in document or field.name in sections):
            values[field.name] = convert(document.get(field.name), section, source, path=place)
        elif field.name in document:
            values[field.name] = convert_value(document[field.name], types[field.name], f"{source}: {place}")
        elif _required(field):
            raise DocumentError(f"{source}: {place} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise DocumentError(f"{source}: {f'{path}: ' if path else ''}{error}") from None


def convert_value(value: object, kind: Any, place: str) -> Any:
    """Check and convert the value of one key; ``place`` opens the error. Raises DocumentError."""
    try:
        converted = msgspec.convert(value, kind)
        finite = not isinstance(converted, float) or math.isfinite(converted)
    except (msgspec.ValidationError, OverflowError):
        finite = False
    if not finite:
        raise DocumentError(f"{place} must be {_described(kind)}, not {_shown(value)}")
    return converted


def field_types(cls: type[Any], sections: Sections = _NO_SECTIONS) -> dict[str, Any]:
    """The type of each field of a dataclass, in order."""
    hints = get_type_hints(cls)
    return {field.name: sections.get(field.name, hints[field.name]) for field in fields(cls)}


def section_type(kind: Any) -> type[Any] | None:
    """The dataclass of a section, be it one that may be None; None of what is no section."""
    optional = get_origin(kind) in (Union, UnionType)
    parts = [part for part in get_args(kind) if part is not NoneType]
    found = parts[0] if optional and len(parts) == 1 else kind
    return found if is_dataclass(found) and isinstance(found, type) else None


def unknown_key(key: object, known: Mapping[str, Any], path: str) -> str:
    """The error about a key that a section does not have, with the likeliest meant or all there are."""
    close = difflib.get_close_matches(str(key), known, n=1)
    advice = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
    return f"unknown key {_shown(key, quote=False)}{f' in {path}' if path else ''}: {advice}"


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _described(kind: Any) -> str:
    if kind in _WORDS:
        return _WORDS[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(map(str, parts))
    if origin in (Union, UnionType):
        return " or ".join(map(_described, parts))
    if origin is tuple:
        inner = [_described(part) for part in parts if part is not Ellipsis]
        return f"a list, each {inner[0]}" if parts[-1] is Ellipsis else f"a list of {', '.join(inner)}"
    return str(getattr(kind, "__name__", kind))


def _shown(value: object, quote: bool = True) -> str:
    text = repr(value) if quote else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
