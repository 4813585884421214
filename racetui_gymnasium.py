"""Registers ``racetui/CarRacing-v3`` when someone imports Gymnasium, which since 1.0 loads no plugins by itself.

``racetui_gymnasium.pth`` imports this whenever Python starts where racetui is installed. So it does next to
nothing: it waits for the import of Gymnasium, and loads nothing before.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class GymnasiumFinder:
    """Steps in when Gymnasium is looked for, until it has loaded."""

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """What the other finders find, made to register our environments after Gymnasium has loaded."""
        if name != "gymnasium":
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not cls)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_register(module: ModuleType) -> None:
            load(module)
            sys.meta_path.remove(cls)
            try:
                from carracing.registration import register

                register()
            except Exception as error:  # whoever imports Gymnasium may want nothing of ours
                import warnings

                warnings.warn(f"racetui could not register its environments: {error!r}", stacklevel=2)

        spec.loader.exec_module = load_and_register  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, GymnasiumFinder)
