"""``python -m swimtx`` is the command ``swimtx``."""

import sys

from swimtx.cli import main

if __name__ == "__main__":
    sys.exit(main())
