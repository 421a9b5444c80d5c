"""`python -m skylift.cli`, for where no script `skylift` is on the path."""

from __future__ import annotations

import sys

from skylift.cli import main

if not sys.flags.safe_path:
    sys.path.pop(0)  # the current folder, which `python -m` puts there and the script `skylift` does not

sys.exit(main())
