"""Images of an engine, through Docker's SDK: one method per call, errors the contract's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from skylift_contract.errors import AuthenticationError, BackendError, NotFound
from skylift_docker.sdk_errors import guarded, not_pulled, of_stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient as SdkClient


_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
"""Which the classic builder puts around what a command wrote on stderr."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image as it is on an engine.

    `id`: the engine's own. `digests`: `name@sha256:…`, of each registry that it was pulled from or
    pushed to. `user`: whom it runs as; empty for root. `platform`: `linux/amd64`.
    """

    id: str
    digests: tuple[str, ...]
    user: str
    platform: str

    def named(self, image: str) -> str:
        """A name that is this image and no other, whatever its tag stands for tomorrow."""
        name, _ = parted(image)
        return next((one for one in self.digests if one.startswith(f"{name}@")), self.id)


class Images:
    def __init__(self, sdk: SdkClient) -> None:
        self._sdk = sdk

    @property
    def _api(self) -> Any:
        """The SDK's lower half, one method per call."""
        return self._sdk.api

    def has(self, image: str) -> bool:
        try:
            self.inspect(image)
        except NotFound:
            return False
        return True

    def inspect(self, image: str) -> ImageFacts:
        """Raises `NotFound` for one that is not on the engine."""
        with guarded(f"GET /images/{image}/json"):
            found: dict[str, Any] = self._api.inspect_image(image)
        config: dict[str, Any] = found.get("Config") or {}
        return ImageFacts(
            str(found["Id"]),
            tuple(found.get("RepoDigests") or ()),
            str(config.get("User") or ""),
            "/".join(str(found[part]) for part in ("Os", "Architecture", "Variant") if found.get(part)),
        )

    def pull(self, image: str, platform: str | None = None) -> None:
        """Raises `AuthenticationError` where its registry refuses, `NotFound` where it has no such image."""
        name, tag = parted(image)
        try:
            with guarded(f"POST /images/create ({image})"):
                self._sdk.images.pull(name, tag=tag, platform=platform)
        except AuthenticationError:
            raise
        except BackendError as error:
            raise not_pulled(image, error) from error

    def build(self, context: bytes, tag: str, platform: str | None, network: str | None) -> Iterator[str]:
        """Build from a context, a tar with its Dockerfile; yields what the engine says, line by line.

        Raises `BackendError` in the engine's words.
        """
        import io

        yield from self._built(
            fileobj=io.BytesIO(context), custom_context=True, tag=tag, platform=platform, network_mode=network
        )

    def build_folder(
        self, folder: Path, dockerfile: Path, tag: str, platform: str | None, network: str | None
    ) -> Iterator[str]:
        """As `build`, from a folder without what its .dockerignore names."""
        yield from self._built(
            path=str(folder), dockerfile=str(dockerfile), tag=tag, platform=platform, network_mode=network
        )

    def _built(self, **arguments: Any) -> Iterator[str]:
        with guarded("POST /build"):
            events: Any = self._api.build(rm=True, forcerm=True, decode=True, **arguments)
            yield from _lines(events, "POST /build")

    def push(self, image: str) -> Iterator[str]:
        """Push a tag to its registry; yields what the engine says.

        Raises `AuthenticationError` where the registry lets this user not in.
        """
        name, tag = parted(image)
        operation = f"POST /images/{name}/push"
        with guarded(operation):
            events: Any = self._api.push(name, tag=tag, stream=True, decode=True)
            yield from _lines(events, operation)

    def tag(self, image: str, name: str) -> None:
        repository, tag = parted(name)
        with guarded(f"POST /images/{image}/tag"):
            self._api.tag(image, repository, tag)

    def tags(self, repository: str) -> list[str]:
        """Names on this engine of one repository's images."""
        with guarded("GET /images/json"):
            found: list[dict[str, Any]] = self._api.images(repository)
        return [name for one in found for name in one.get("RepoTags") or ()]

    def remove(self, image: str) -> None:
        """Remove a name, and what only it names; one that is gone is no error."""
        try:
            with guarded(f"DELETE /images/{image}"):
                self._api.remove_image(image)
        except NotFound:
            return

    def remove_unnamed(self, image: str) -> None:
        """Remove one layer of a build, and not those below it, unless it has a name."""
        with guarded(f"DELETE /images/{image}"):
            found: dict[str, Any] = self._api.inspect_image(image)
            if not found.get("RepoTags") and not found.get("RepoDigests"):
                self._api.remove_image(image, noprune=True)

    def digest_in_registry(self, image: str) -> str | None:
        """The digest that a tag has in its registry; None where it has no such image."""
        try:
            with guarded(f"GET /distribution/{image}/json"):
                found: dict[str, Any] = self._api.inspect_distribution(image)
        except NotFound:
            return None
        except AuthenticationError:
            raise
        except BackendError as error:
            if "manifest unknown" in str(error) or "not found" in str(error).lower():
                return None
            raise
        return str(found["Descriptor"]["digest"])


def _lines(events: Any, operation: str) -> Iterator[str]:
    """What an engine reports while it works: text of the build, or the state of a layer.

    An error is raised at the end of all, for a connection that is not read to it is left open.
    """
    failed = ""
    for event in events:
        event = cast("dict[str, Any]", event if isinstance(event, dict) else json.loads(event))  # noqa: PLW2901
        failed = failed or str(event.get("error") or "")
        text = event.get("stream") or (event.get("status") if "progressDetail" not in event else "")
        yield from (line for line in _COLOURS.sub("", str(text or "")).splitlines() if line.strip())
    if failed:
        raise of_stream(failed, operation)


def parted(image: str) -> tuple[str, str]:
    """An image's name, and its tag or digest; an engine that is given no tag would pull them all."""
    from docker.utils import parse_repository_tag

    name, tag = parse_repository_tag(image)
    return name, tag or "latest"
