"""Starts one of the kit's pipelines from a process of its own, for tests that look at it from outside.

python -m skylift_testkit.apart FLAVOR OPTIONS PIPELINE
"""

from __future__ import annotations

import json
import sys

from skylift.flavors import load_flavor
from skylift_contract.errors import RunFailed, RunStopped
from skylift_contract.flavor import make_orchestrator
from skylift_testkit import pipelines


def main(flavor: str, options: str, name: str) -> int:
    """Run it and wait; 1 where it failed, 3 where it was stopped."""
    card = load_flavor(flavor)
    orchestrator = make_orchestrator(card, card.config_class.parse(json.loads(options)), name="conformance")
    try:
        getattr(pipelines, name).with_options(orchestrator=orchestrator, enable_cache=False)()
    except RunFailed:
        return 1
    except RunStopped:
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
