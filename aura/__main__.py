"""``python -m aura COMMAND …``; without a command it serves the studio."""

import sys

from aura.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
