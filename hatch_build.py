"""Adds what makes Gymnasium find our environments to wheels, editable ones too (see racetui_gymnasium.py)."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("racetui_gymnasium.py", "racetui_gymnasium.pth")


class StartupFiles(BuildHookInterface):
    """Hatchling calls it for every wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Put the files beside the packages."""
        for kind in ("force_include", "force_include_editable"):
            build_data[kind].update({name: name for name in FILES})
