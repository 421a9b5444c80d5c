"""Texts that must arrive as they are, through two readers that would replace parts of them.

Kubernetes replaces `$(NAME)` in a container's command, arguments and variables, and reads `$$` as `$`; so
does Vertex AI. Whoever runs a PipelineSpec replaces `{{$…}}`, and a word that is JSON of one of two forms.

Sources: kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container;
kubeflow/pipelines, sdk/python/kfp/dsl/placeholders.py
"""

from __future__ import annotations

import re
from typing import Final

from skylift_contract.errors import ConfigurationError

PLACEHOLDER: Final = "{{$"
_STRUCTS: Final = re.compile(r'\s*\{\s*"(Concat|IfPresent)"')
_DOLLARS: Final = re.compile(r"\$\$+|\$(?=\()")


def literal(text: str, who: str) -> str:
    """Spelled so that a container is given the text itself.

    Raises `ConfigurationError` for one that no spelling would keep.
    """
    check(text, who)
    return escaped(text)


def escaped(text: str) -> str:
    """For a container that is in no pipeline: only Kubernetes reads it."""
    return _DOLLARS.sub(lambda found: found[0] * 2, text)


def check(text: str, who: str) -> None:
    """Raise `ConfigurationError` for what reads as a placeholder: nothing escapes it."""
    if PLACEHOLDER in text or _STRUCTS.match(text):
        raise ConfigurationError(
            "it reads as a placeholder of pipelines, which would be replaced",
            who=who,
            value=text,
            fix="Rename it, or pass it in a file.",
        )
