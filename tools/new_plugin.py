"""Make a package for a new platform from `templates/plugin`, and name it where the workspace must know it.

In the templates' file names and text, `__plugin__` stands for the plugin's name (`nomad`),
`__Plugin__` for it in class names and prose (`Nomad`), `__PLUGIN__` in variables (`NOMAD`).
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Final

from workspace import packages

if TYPE_CHECKING:
    from pathlib import Path

LISTED: Final = {
    "# plugins (modules)": '"skylift_{name}",',
    "# plugins (sources)": "skylift-{name} = {{ workspace = true }}",
}
"""Marks in the root pyproject.toml → the line that goes before each of them."""


class NewPluginError(Exception):
    """A name that no plugin can be made of, in one sentence."""


def make_plugin(name: str, root: Path) -> Path:
    """Write `packages/skylift-<name>/`, list it in the root pyproject.toml, and return its folder."""
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise NewPluginError(f"a plugin's name is lower-case letters and digits, not {name!r}: take 'nomad'.")
    package = root / "packages" / f"skylift-{name}"
    if package.exists():
        raise NewPluginError(
            f"{package.relative_to(root)} is there already: take another name, or remove it."
        )
    _check_free(name, root)
    settings = root / "pyproject.toml"
    with_the_plugin = listed(settings.read_text(), name)  # before anything is written
    templates = root / "templates" / "plugin"
    for template in sorted(path for path in templates.rglob("*") if path.is_file()):
        target = package / filled(str(template.relative_to(templates)), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(filled(template.read_text(), name))
    shutil.copyfile(root / "LICENSE", package / "LICENSE")
    settings.write_text(with_the_plugin)
    return package


def _check_free(name: str, root: Path) -> None:
    for package in packages(root).values():
        if package.name == f"skylift-{name}":
            raise NewPluginError(f"{package.path} is named {package.name} already: take another name.")
        if name in package.flavors:
            raise NewPluginError(
                f"the flavor {name!r} is {package.name}'s already, and cannot be two's: take another name."
            )


def filled(text: str, name: str) -> str:
    spelled = {"__plugin__": name, "__Plugin__": name.capitalize(), "__PLUGIN__": name.upper()}
    return re.sub("|".join(spelled), lambda found: spelled[found[0]], text)


def listed(settings: str, name: str) -> str:
    """The text of pyproject.toml with the plugin before each mark, indented as the mark is."""
    for mark, line in LISTED.items():
        found = re.compile(rf"^( *){re.escape(mark)}$", re.MULTILINE)
        if not found.search(settings):
            raise NewPluginError(f"pyproject.toml has lost its mark `{mark}`: put it back.")
        settings = found.sub(lambda at, line=line: f"{at[1]}{line.format(name=name)}\n{at[0]}", settings)
    return settings
