"""Where a step finds the id that __Plugin__ gave its run.

Data, which the container evaluates with the contract alone: this package need not be in it.
"""

from __future__ import annotations

from typing import Final

from skylift_contract.run_id import Env

RUN_ID_SOURCES: Final = (Env(name="__PLUGIN___RUN_ID"),)
"""The variable in which the platform gives each step its run's id, the same in all of them."""
