"""Long words of a container's command, in the short ones that SageMaker takes. Pure."""

from __future__ import annotations

import base64
import json
import zlib
from functools import cache
from typing import TYPE_CHECKING, Final

from skylift_contract.environment import CONTAINER_PYTHON
from skylift_sagemaker.limits import ARGUMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOADER: Final = (
    "import base64,json,os,sys,zlib;end=int(sys.argv[1])+2;packed=''.join(sys.argv[2:end]);"
    "argv=json.loads(zlib.decompress(base64.b64decode(packed)))+sys.argv[end:];os.execvp(argv[0],argv)"
)
"""Of a syntax that every Python 3 takes: what it becomes may have to say that this is the wrong one."""


def packed(prefix: Sequence[str], command: Sequence[str]) -> list[str]:
    """The argv of the prefix with the command after it; the command's words stay as they are."""
    if not prefix:
        return list(command)
    words = _words(tuple(prefix))
    return [CONTAINER_PYTHON, "-c", _LOADER, str(len(words)), *words, *command]


@cache  # a thousand steps have the same few
def _words(prefix: tuple[str, ...]) -> tuple[str, ...]:
    text = base64.b64encode(zlib.compress(json.dumps(prefix).encode(), 9)).decode()
    width = int(ARGUMENT.maximum)
    return tuple(text[at : at + width] for at in range(0, len(text), width))
