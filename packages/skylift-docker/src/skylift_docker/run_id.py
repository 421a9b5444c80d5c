"""Where a step finds its run's id: Docker has no runs, so each container is given ours.

Data, which the container evaluates with the contract alone: this package need not be in it.
"""

from __future__ import annotations

from typing import Final

from skylift_contract.run_id import RUN_ID_ENV, Env

RUN_ID_SOURCES: Final = (Env(name=RUN_ID_ENV),)
