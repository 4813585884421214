"""``python -m racetui`` is ``racetui``."""

import sys

from racetui.cli import main

sys.exit(main())
