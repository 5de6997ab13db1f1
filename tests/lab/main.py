"""What tests/lab/lab runs, with the Python that has the packages."""

import sys

try:
    from sanlab.cli import main
except ModuleNotFoundError as error:
    sys.exit(f"tests/lab/lab: the Python package {error.name} is not installed; run make setup")

sys.exit(main(sys.argv[1:]))
