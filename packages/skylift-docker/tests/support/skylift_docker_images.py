"""Images that differ from another in one thing, made of it by a Dockerfile."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skylift_docker.client import DockerClient


def image_from(client: DockerClient, parent: str, name: str, *lines: str) -> str:
    """The image's name; `lines` are of a Dockerfile, behind its FROM."""
    text = "\n".join([f"FROM {parent}", *lines, ""]).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    tag = f"localhost/skylift-odd:{name}"
    list(client.images.build(buffer.getvalue(), tag, None, None))
    return tag
