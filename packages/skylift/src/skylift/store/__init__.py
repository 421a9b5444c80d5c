"""The object store under the ledger: create once, read, list, delete.

`open_store` in `location` gives an `ObjectStore`. Only `connection` and `obstore_transport`
import obstore, and only when a store is first used: it costs 12 ms.
"""

from __future__ import annotations
