"""`python -m skylift.cli`, for where no script `skylift` is on the path."""

from __future__ import annotations

import sys

from skylift.cli import main

sys.exit(main())
