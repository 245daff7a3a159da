#!/usr/bin/env bash
# Starts Aura: finds a Python 3.10 to 3.13 and hands over to tools/launcher.py.
#   ./launch.sh                 the studio in the browser
#   ./launch.sh COMMAND …       python -m aura COMMAND … in the app's environment
#   ./launch.sh test            every check
set -u

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"

# A name on the PATH may be a stub that finds nothing behind it: only one that runs counts.
fits() {
    "$1" -c 'import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1
}

for python in ${AURA_PYTHON:+"$AURA_PYTHON"} "$here/.venv/bin/python" \
    python3.12 python3.11 python3.13 python3.10 python3 python; do
    if fits "$python"; then
        exec "$python" "$here/tools/launcher.py" "$@"
    fi
done

cat >&2 <<'TEXT'
Aura needs Python 3.10, 3.11, 3.12 or 3.13, and found none. Install one:
  Debian, Ubuntu   sudo apt install python3 python3-venv
  Fedora           sudo dnf install python3.12
  macOS            brew install python@3.12, or python.org/downloads
Then start ./launch.sh again.

Aura necesita Python 3.10, 3.11, 3.12 o 3.13 y no encontró ninguno. Instala uno
(arriba se ve cómo) y vuelve a ejecutar ./launch.sh.
TEXT
exit 1
