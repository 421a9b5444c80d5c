"""The emulator's own clients of the services it runs, whatever profile its user has."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any, Final

from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]

KEYS: Final = {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator"}
"""Any are taken; none of the user's is used."""


class Clients:
    """Each is made when it is first asked for."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint, self._lock = endpoint, threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = _session().create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint,
                    aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
                )
            return self._clients[service, region]

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()


@functools.cache
def _session() -> Any:
    """One for all emulators: it keeps the services' models once it has read them."""
    nothing = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return Session(session_vars={**nothing, "profile": (None, None, None, None)})
