"""Makes ``python -m swimtx`` the same command as ``swimtx``."""

import sys

from swimtx.cli import main

if __name__ == "__main__":
    sys.exit(main())
