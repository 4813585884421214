"""Run configurations: from files and ``--set key=value`` options to a RunSpec, and back to YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agents.registry import AGENTS, UnknownAgentError, completed_config, config_class
from carracing.environments.task import EnvTask, task_class
from profiles.strict import DocumentError, Sections, convert, convert_value, field_types, section_type, unknown_key
from profiles.strict_yaml import YamlError, dump_yaml, parse_yaml, read_yaml
from racetui.spec import RunSpec

_SHORTHANDS = {"agent": "agent_config", "collector": "collector_config"}
"""First part of an option's key -> the section meant when a second part follows."""
_DEFAULT_AGENT = "ppo"
AUTO = "auto"
_PLANNED = {("collector_config", key) for key in ("cars", "lanes", "workers")}
_DECISIVE = (("agent",), ("task", "env"))


class ConfigError(ValueError):
    """A configuration that cannot be used: one line with the file or option, the key, and what is allowed."""


def read_config_file(path: Path) -> dict[str, Any]:
    """The keys of a YAML file, not yet checked; an empty file has none. Raises ConfigError."""
    try:
        document = read_yaml(path)
    except YamlError as error:
        raise ConfigError(str(error)) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: must be keys with values, such as 'agent: ppo'")
    return _with_env(document)


def _with_env(document: dict[str, Any]) -> dict[str, Any]:
    """``env: ID`` is short for ``task: {env: ID}``."""
    task = document.get("task") or {}
    if "env" not in document or not isinstance(task, Mapping):
        return document
    others = {key: value for key, value in document.items() if key != "env"}
    return others | {"task": {"env": document["env"], **task}}


def apply_overrides(document: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A copy of ``document`` with each ``key=value`` set, later ones winning; values are read as YAML, but for text.

    Sections are reached by dots: ``task.frame_skip=2``. ``agent.KEY`` is short for ``agent_config.KEY``,
    ``collector.KEY`` for ``collector_config.KEY``, ``env`` for ``task.env``. Cars, lanes and workers may be ``auto``:
    planned, whatever is beneath. Raises ConfigError naming the option.
    """
    pairs = [_split(option) for option in overrides]
    result = dict(document)
    # The keys of agents and tasks depend on which it is, which a later option may choose.
    for option, keys, value in sorted(pairs, key=lambda pair: pair[1] not in _DECISIVE):
        source = f"--set {option}"
        decided = {"task": EnvTask} if keys == ("task", "env") else {}
        kind = _kind_of(keys, {**_sections(result, source), **decided}, source)
        if kind is str and isinstance(value, bool | int | float):
            value = option.partition("=")[2].strip()  # text that YAML takes for a number: a run's, or a name
        try:
            if value == AUTO and keys in _PLANNED:
                value = None
            else:
                convert_value(value, kind, f"{source}: {keys[-1]}")
        except DocumentError as error:
            raise ConfigError(str(error)) from None
        _set(result, keys, value, source)
    return result


def load_spec(document: Mapping[str, Any], source: str) -> RunSpec:
    """Check every key and build the run's spec; ``source`` names the document in errors. Raises ConfigError."""
    try:
        return convert(document, RunSpec, source, _sections(document, source))
    except DocumentError as error:
        raise ConfigError(str(error)) from None


def load_stored_spec(document: Mapping[str, Any], source: str) -> RunSpec:
    """The spec of an existing run, which an older version may have written. Raises ConfigError."""
    agent, settings, task = document.get("agent"), document.get("agent_config"), document.get("task")
    if isinstance(agent, str) and agent in AGENTS and isinstance(settings, Mapping) and isinstance(task, Mapping):
        settings = completed_config(agent, settings, task.get("action") == "discrete")
        document = {**document, "agent_config": settings}
    return load_spec(document, source)


def check_keys(document: Mapping[str, Any], source: str) -> None:
    """Raise ConfigError for keys that no run has and values of another type; how they go together is not looked at.

    For documents that say only a part of what a run is.
    """
    sections = _sections(document, source)
    try:
        for keys, value in _leaves(document):
            convert_value(value, _kind_of(keys, sections, source), f"{source}: {'.'.join(keys)}")
    except DocumentError as error:
        raise ConfigError(str(error)) from None


def dump_spec(spec: RunSpec) -> str:
    """The spec as YAML; ``load_spec`` of it gives an equal spec (with the defaults for an absent agent_config)."""
    document = msgspec.to_builtins(spec)
    if spec.agent_config is None:
        del document["agent_config"]
    if spec.pipeline is None:
        del document["pipeline"]
    else:  # a section that is there, even empty, is a stage
        document["pipeline"] = {name: stage for name, stage in document["pipeline"].items() if stage is not None}
    return dump_yaml(document)


def _sections(document: Mapping[str, Any], source: str) -> Sections:
    name = document.get("agent", _DEFAULT_AGENT)
    if not isinstance(name, str):
        raise ConfigError(f"{source}: agent must be a name, not {name!r}")
    try:
        return {"agent_config": config_class(name), "task": task_class(document.get("task"))}
    except UnknownAgentError as error:
        raise ConfigError(f"{source}: {error}") from None


def _leaves(document: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that has no keys of its own, with the keys that lead to it; empty sections are left out."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        elif value is not None:
            yield (*above, key), value


def _split(option: str) -> tuple[str, tuple[str, ...], Any]:
    key, equals, text = option.partition("=")
    keys = tuple(key.strip().split("."))
    if not equals or not all(keys) or not text.strip():
        raise ConfigError(f"--set {option}: must be key=value, such as task.frame_skip=2")
    if keys == ("env",):
        keys = ("task", "env")
    if len(keys) == 2:
        keys = (_SHORTHANDS.get(keys[0], keys[0]), keys[1])
    try:
        return option, keys, parse_yaml(text, f"--set {option}")
    except YamlError as error:
        raise ConfigError(str(error)) from None


def _set(document: dict[str, Any], keys: tuple[str, ...], value: object, source: str) -> None:
    if len(keys) == 1:
        document[keys[0]] = value
        _sections(document, source)
        return
    document[keys[0]] = _with(document.get(keys[0]), keys, 1, value, source)


def _with(section: object, keys: tuple[str, ...], depth: int, value: object, source: str) -> object:
    """A copy of the section at ``keys[:depth]`` with the value set in it, at whatever depth."""
    if depth == len(keys):
        return value
    if not isinstance(section, Mapping | None):
        place = ".".join(keys[:depth])
        raise ConfigError(f"{source}: {place} has the value {section!r} in the file, where keys are expected")
    known = section or {}
    return {**known, keys[depth]: _with(known.get(keys[depth]), keys, depth + 1, value, source)}


def _kind_of(keys: tuple[str, ...], sections: Sections, source: str) -> Any:
    """The type of the value at ``keys``. Raises ConfigError where there is none, or where it is a whole section."""
    kind: Any = RunSpec
    for depth, key in enumerate(keys):
        section = ".".join(keys[:depth])
        keyed = section_type(kind)
        if keyed is None:
            raise ConfigError(f"{source}: {section} has a value, not keys of its own")
        types = field_types(keyed, sections if depth == 0 else {})
        if key not in types:
            raise ConfigError(f"{source}: {unknown_key(key, types, section)}")
        kind = types[key]
    whole = section_type(kind)
    if whole is not None:
        raise ConfigError(f"{source}: {keys[-1]} is a section: set one of {', '.join(field_types(whole))} in it")
    return kind
