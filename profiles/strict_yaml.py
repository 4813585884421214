"""YAML as people expect it: 1e-4 is a number, yes is a word, a key given twice is an error.

PyYAML follows YAML 1.1, where 1e-4 is text, ``no`` is false, 010 is eight and 1:30 is ninety; the rules here are
those of YAML 1.2's core schema (https://yaml.org/spec/1.2.2/, section 10.3), with 1_000_000 still a number.
Files are small and plain, so anchors and aliases are refused: a few lines of them can describe gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 64 * 1024
"""Largest file read; a complete run configuration has about 2 kB."""

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INT = re.compile(r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+")


class YamlError(ValueError):
    """Text that is no acceptable YAML, or a file that cannot be read; one line."""


def read_yaml(path: Path) -> Any:
    """The document in a file. Raises YamlError, naming the file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise YamlError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise YamlError(f"{path}: is not UTF-8 text") from None
    if len(content) > MAX_BYTES:
        raise YamlError(f"{path}: is larger than {MAX_BYTES // 1024} kB, no configuration is")
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Any:
    """The document in ``text``; ``source`` opens every error. Raises YamlError."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise YamlError(f"{source}:{line} {error.problem}") from None
    except RecursionError:
        raise YamlError(f"{source}: is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(f"{source}: {' '.join(str(error).split())}") from None


def dump_yaml(document: Mapping[str, Any]) -> str:
    """Write a document, in its own order, so that ``parse_yaml`` (and YAML 1.1 readers) give it back."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text


class _Loader(yaml.SafeLoader):
    """SafeLoader by the rules above."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not supported", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                problem = f"key {key!r} is not text: put it in quotes"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            if key in seen:
                problem = f"key {key} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """SafeDumper that also puts quotes around text that only YAML 1.2 reads as a number."""


def _whole(pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(rf"^(?:{pattern.pattern})$")


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    if text.startswith(("0x", "0o")):
        return int(text, 0)
    return int(text)


_Loader.yaml_implicit_resolvers = {}
_NUMBER_STARTS = list("-+.0123456789")
_TAG = "tag:yaml.org,2002:"
_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(f"{_TAG}int", _whole(_INT), _NUMBER_STARTS)
_Loader.add_implicit_resolver(f"{_TAG}float", _whole(_FLOAT), _NUMBER_STARTS)
_Loader.add_constructor(f"{_TAG}int", _construct_int)
_Dumper.add_implicit_resolver(f"{_TAG}float", _whole(_FLOAT), _NUMBER_STARTS)
_Dumper.add_implicit_resolver(f"{_TAG}int", _whole(_INT), _NUMBER_STARTS)
