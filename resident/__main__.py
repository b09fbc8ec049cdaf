"""``python -m resident``: the same as the ``resident`` command."""

import sys

from resident.cli import main

sys.exit(main())
