"""What is compiled: the same bytes whoever asks, wherever and whenever, and all that was asked for."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skylift_contract.check import check
from skylift_contract.containers import step_arguments
from skylift_contract.errors import LimitExceeded, UnsupportedCapability
from skylift_contract.orchestrator import overrides
from skylift_testkit import corpus, shapes
from skylift_testkit.compiling import Compiling, compiling, compiling_corpus
from skylift_testkit.owners import CHANGES, FIELDS, Owner, changed, usual_owners
from skylift_testkit.purity import watched
from skylift_testkit.refusals import refuse
from skylift_testkit.running import RunningSuite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Capability, Support
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator

EACH = pytest.mark.parametrize("name", corpus.CORPUS)
EVERYWHERE = ("chain", "diamond", "fan_in", "environments", "awkward_names")
"""Pipelines that every flavor takes; what they hold has no order of its own."""


class CompileSuite(RunningSuite):
    """Of a flavor without a document everything here is refused: there is none to look at."""

    is_optional = True

    @pytest.fixture
    def owners(self, capabilities: Mapping[Capability, Support]) -> Mapping[str, Owner]:
        """Field → who makes it come true; override what differs on this flavor."""
        return usual_owners(capabilities)

    @pytest.fixture
    def environment_limit(self) -> tuple[int, int] | None:
        """How many variables of its own a step may have, and how long a value may be; None: no limit."""
        return None

    @EACH
    def test_it_compiles_or_says_why_not(
        self, name: str, orchestrator: BaseOrchestrator, capabilities: Mapping[Capability, Support]
    ) -> None:
        check_has_documents(orchestrator)
        try:
            found = compiling_corpus(orchestrator, name).documents()
        except UnsupportedCapability as error:
            unexplained = [said for said in error.refusals if not _is_declared(said, capabilities)]
            if unexplained:
                raise
            return
        assert found
        assert all(found.values())

    @EACH
    def test_the_same_bytes_twice_and_nothing_asked(self, name: str, orchestrator: BaseOrchestrator) -> None:
        """What is imported or kept the first time is not looked at: it is compiled once before."""
        made = made_by(orchestrator, name)
        first = made.documents()
        with watched() as seen:
            second = made.documents()
        assert first == second
        assert seen == []

    def test_another_process_elsewhere_makes_the_same(
        self,
        orchestrator: BaseOrchestrator,
        flavor: BaseOrchestratorFlavor,
        options: Mapping[str, Any],
        tmp_path: Path,
    ) -> None:
        check_has_documents(orchestrator)
        given = json.dumps(dict(options), default=str)
        argv = [sys.executable, "-m", "skylift_testkit.compiling", flavor.name, given, *EVERYWHERE]
        here = _answer(argv, Path.cwd(), {"PYTHONHASHSEED": "1"})
        elsewhere = {
            "PYTHONHASHSEED": "7",
            "TZ": "Asia/Tokyo",
            "LANG": "tr_TR.UTF-8",
            "CONFORMANCE": "elsewhere",
        }
        assert set(here) == set(EVERYWHERE)
        assert _answer(argv, tmp_path, elsewhere) == here

    def test_every_field_has_an_owner(
        self, orchestrator: BaseOrchestrator, owners: Mapping[str, Owner]
    ) -> None:
        check_has_documents(orchestrator)
        assert sorted(set(FIELDS) ^ set(owners)) == []

    @pytest.mark.parametrize("field", CHANGES)
    def test_what_a_document_owns_is_in_it(
        self,
        field: str,
        orchestrator: BaseOrchestrator,
        flavor: BaseOrchestratorFlavor,
        capabilities: Mapping[Capability, Support],
        owners: Mapping[str, Owner],
    ) -> None:
        """The document of a snapshot that differs in it alone differs, too, and not by the digest only."""
        made = made_by(orchestrator, "chain")
        other = changed(made.snapshot, field)
        if owners[field] is Owner.REFUSED:
            with pytest.raises(UnsupportedCapability):
                check(other, flavor.name, capabilities)
        elif owners[field] is Owner.DOCUMENT:
            assert made.masked() != made.masked(other)
        else:
            refuse(f"{field} is the runtime's: runs prove it")

    def test_a_command_is_a_list(self, orchestrator: BaseOrchestrator) -> None:
        """Joined to a line, a name with a space or a quote would be something else."""
        made = made_by(orchestrator, "awkward_names")
        text = b"\n".join(made.documents().values()).decode()
        for name in made.snapshot.step_configurations:
            arguments = step_arguments(made.snapshot, name)
            assert " ".join(arguments) not in text
            assert json.dumps(shlex.join(arguments)).strip('"') not in text

    def test_an_environment_at_its_limit_fits(
        self, orchestrator: BaseOrchestrator, environment_limit: tuple[int, int] | None
    ) -> None:
        check_has_documents(orchestrator)
        most, longest = _limit(environment_limit)
        assert compiling(orchestrator, shapes.crowded(most, 1)).documents()
        assert compiling(orchestrator, shapes.crowded(1, longest)).documents()

    def test_an_environment_over_its_limit_is_refused(
        self, orchestrator: BaseOrchestrator, environment_limit: tuple[int, int] | None
    ) -> None:
        check_has_documents(orchestrator)
        most, longest = _limit(environment_limit)
        for pipeline in (shapes.crowded(most + 1, 1), shapes.crowded(1, longest + 1)):
            with pytest.raises(LimitExceeded, match="limit: "):
                compiling(orchestrator, pipeline).documents()


def _is_declared(refusal: str, able: Mapping[Capability, Support]) -> bool:
    return any(one.describe() in refusal for one in able.values() if not one)


def made_by(orchestrator: BaseOrchestrator, name: str) -> Compiling:
    """One of the corpus; refused where the flavor makes no documents, or none of that."""
    check_has_documents(orchestrator)
    try:
        return compiling_corpus(orchestrator, name)
    except UnsupportedCapability as error:
        refuse(str(error))


def check_has_documents(orchestrator: BaseOrchestrator) -> None:
    if not overrides(type(orchestrator), "compile_pipeline"):
        refuse(f"{type(orchestrator).__name__} makes no document")


def _answer(argv: list[str], folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    made = subprocess.run(  # noqa: S603 -- argv list, no shell
        argv, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def _limit(found: tuple[int, int] | None) -> tuple[int, int]:
    if found is None:
        refuse("the environment of a step has no limit here: else override the fixture `environment_limit`")
    return found
