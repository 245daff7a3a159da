"""The studio in the browser: options → settings → studio → page.

The same as ``python -m aura``. The steps are in ``aura/cli/main.py`` and ``aura/ui/serving.py``.
"""

import sys

from aura.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
