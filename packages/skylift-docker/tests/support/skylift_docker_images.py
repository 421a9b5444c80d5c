"""Images that differ from another in one thing, made of it by a Dockerfile."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skylift_docker.client import DockerClient


def image_from(client: DockerClient, parent: str, name: str, *lines: str) -> str:
    """The image's name; `lines` are of a Dockerfile, behind its FROM."""
    text = "\n".join([f"FROM {parent}", *lines, ""]).encode()
    tag = f"localhost/skylift-odd:{name}"
    list(client.images.build(tarred({"Dockerfile": text}), tag, None, None))
    return tag


def image_of_another_machine(client: DockerClient) -> str:
    """The name of one for linux/arm64, as `docker save` writes them: its Python is nothing but an ELF header."""
    import docker

    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + b"\xb7\x00" + bytes(44)  # EM_AARCH64 is 183
    layer, tag = tarred({"usr/bin/python": elf}), "localhost/skylift-odd:arm64"
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    config = {"architecture": "arm64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": digests}}
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    sdk = docker.DockerClient(client.host)
    sdk.images.load(tarred({**files, "layer.tar": layer}))
    sdk.close()
    return tag


def unnamed(client: DockerClient) -> set[str]:
    """The ids of images that no name is left of, and nothing stands on."""
    import docker

    sdk = docker.DockerClient(client.host)
    found = {str(one.id) for one in sdk.images.list(filters={"dangling": True})}
    sdk.close()
    return found


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
