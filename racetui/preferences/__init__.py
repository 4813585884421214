"""What a person wants of the panel: ``config.toml`` in the user's configuration directory. Textual-free."""

from racetui.preferences.reading import Loaded, config_path, load
from racetui.preferences.schema import Preferences, Setting, settings, value_of, with_value

__all__ = ["Loaded", "Preferences", "Setting", "config_path", "load", "settings", "value_of", "with_value"]
