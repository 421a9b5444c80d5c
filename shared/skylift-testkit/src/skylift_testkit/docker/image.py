"""An image with this Python and packages of ours, named by what is in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from skylift_contract.canonical import digest, digest_of
from skylift_testkit.docker import root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_testkit.docker.api import Api

NAME: Final = "localhost/skylift-test"
CHANGES: Final = ("ENV PATH=/usr/bin", f"ENV SSL_CERT_FILE={root.CERTIFICATES}", 'CMD ["python"]')


class ImageNotMade(Exception):
    """What failed, in its own words."""


def make_image(api: Api, packages: Iterable[str], cache: Path) -> str:
    """The name of an image with these distributions and what they need, as installed here.

    `cache`: a folder for the root that it is made of, which outlives the engine.
    """
    own = {name: source_of(distribution(name)) for name in sorted(packages)}
    tag = digest_of_packages(own)[:12]
    image, kept = f"{NAME}:{tag}", cache / f"root-{tag}.tar"
    if api.has_image(image):
        return image
    if not kept.exists():
        for old in cache.glob("root-*.tar"):
            old.unlink()
        _write(kept, own)
    with kept.open("rb") as content:
        api.import_image(image, content, CHANGES)
    return image


def _write(target: Path, own: Mapping[str, Path | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheels, site, made = Path(folder, "wheels"), Path(folder, "site"), Path(folder, "root.tar")
        wheels.mkdir()  # none may be ours
        wanted = [name if source is None else build_wheel(source, wheels) for name, source in own.items()]
        write_versions(Path(folder, "versions.txt"), own)
        call_uv(
            *("pip", "install", "--python", sys.executable, "--target", str(site), "--compile-bytecode"),
            *("--constraint", str(Path(folder, "versions.txt")), "--find-links", str(wheels), *wanted),
        )
        root.write_root(made, site)
        partly = target.with_suffix(".part")
        partly.write_bytes(made.read_bytes())
        partly.replace(target)


def build_wheel(source: Path, wheels: Path) -> str:
    """Build a package of the workspace, unless it is a wheel; the wheel's path."""
    if source.is_file():
        return str(shutil.copy(source, wheels))
    before = set(wheels.glob("*.whl"))
    call_uv("build", "--wheel", "--out-dir", str(wheels), str(source))
    (made,) = set(wheels.glob("*.whl")) - before
    return str(made)


def write_versions(file: Path, own: Mapping[str, Path | None]) -> None:
    """The versions that are installed here, so that both sides read the same artifacts."""
    found = {one.name: one.version for one in distributions() if one.name not in own}
    file.write_text(
        "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if _is_public(version))
    )


def _is_public(version: str) -> bool:
    """Not one that somebody built here: no index has that."""
    return "+" not in version


def source_of(found: Distribution) -> Path | None:
    """The folder of an editable install, or the wheel of a local one; None for what an index has."""
    text = found.read_text("direct_url.json")
    content: dict[str, Any] = json.loads(text) if text else {}
    path = Path(unquote(urlsplit(str(content.get("url", ""))).path))
    is_editable = content.get("dir_info", {}).get("editable", False)
    return path if is_editable or (path.suffix == ".whl" and path.is_file()) else None


def digest_of_packages(own: Mapping[str, Path | None]) -> str:
    sources = {name: _files(folder) if folder else distribution(name).version for name, folder in own.items()}
    versions = {one.name: one.version for one in distributions() if one.name not in own}
    kit = {path.name: digest(path.read_bytes()) for path in Path(__file__).parent.glob("*.py")}
    return digest_of(
        {"python": [sys.version, sys.base_prefix], "own": sources, "versions": versions, "kit": kit}
    )


def _files(folder: Path) -> dict[str, str]:
    if folder.is_file():
        return {folder.name: digest(folder.read_bytes())}
    paths = [folder / "pyproject.toml", *sorted((folder / "src").rglob("*"))]
    return {
        str(path.relative_to(folder)): digest(path.read_bytes())
        for path in paths
        if path.is_file() and path.suffix != ".pyc"
    }


def call_uv(*arguments: str) -> None:
    from uv import find_uv_bin

    done = subprocess.run(  # noqa: S603 -- argv list, no shell
        [find_uv_bin(), "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ImageNotMade(f"uv {arguments[0]} failed: {done.stderr.strip()}")
