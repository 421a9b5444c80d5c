from __future__ import annotations

import re
from typing import Any

import pytest

from skylift_contract import card
from skylift_contract.capability import FULL, Capability
from skylift_contract.errors import FlavorBroken
from skylift_contract.flavor import BaseOrchestratorFlavor, make_orchestrator
from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig


class Sound(BaseOrchestrator):
    def get_orchestrator_run_id(self) -> str:
        return "x"

    def submit_pipeline(self, *_: Any, **__: Any) -> None:
        return None


class SoundFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "sound"

    @property
    def config_class(self) -> type[BaseOrchestratorConfig]:
        return BaseOrchestratorConfig

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        return Sound


def flavor(**parts: Any) -> BaseOrchestratorFlavor:
    """A sound flavor but for some of its parts; one that is an exception is raised."""

    def given(part: Any) -> property:
        def read(_: object) -> Any:
            if isinstance(part, BaseException):
                raise part
            return part

        return property(read)

    members: dict[str, Any] = {name: given(part) for name, part in parts.items()}
    made: type[BaseOrchestratorFlavor] = type("Odd", (SoundFlavor,), {**members, "__module__": "acme"})
    return made()


ORIGIN = r"^flavor 'sound' of acme:Odd: "


@pytest.mark.parametrize(
    ("part", "given", "sentence"),
    [
        ("config_class", int, r"its config_class is no BaseOrchestratorConfig \(got <class 'int'>\)\."),
        ("config_class", 3, r"its config_class is no BaseOrchestratorConfig \(got 3\)\."),
        ("settings_class", dict, r"its settings_class is no Settings \(got <class 'dict'>\)\."),
        ("capabilities", 3, r"its capabilities are no mapping of Capability to Support \(got 3\)\."),
        ("capabilities", {Capability.STOP: True}, r"its capabilities are no mapping of Capability"),
        ("capabilities", {"halt": FULL}, r"its capabilities are no mapping of Capability"),
        (
            "config_class",
            ImportError("no"),
            r"its config_class fails: ImportError: no\. Install what it lacks",
        ),
        ("title", SystemExit(3), r"its title fails: SystemExit: 3\."),
    ],
)
def test_a_card_that_cannot_be_read_says_whose_it_is(part: str, given: Any, sentence: str) -> None:
    with pytest.raises(FlavorBroken, match=ORIGIN + sentence):
        card.check_card(flavor(**{part: given}))


def test_a_sound_card_passes() -> None:
    card.check_card(SoundFlavor())
    card.check_card(flavor(capabilities={Capability.STOP: FULL}))


@pytest.mark.parametrize("given", [ModuleNotFoundError("No module named 'boto3'"), SystemExit(1)])
def test_a_missing_sdk_is_the_flavors_fault(given: BaseException) -> None:
    expected = rf"{ORIGIN}its implementation_class fails: {type(given).__name__}: {given}\. "
    with pytest.raises(FlavorBroken, match=expected) as error:
        make_orchestrator(flavor(implementation_class=given), BaseOrchestratorConfig())
    assert error.value.__cause__ is given


def test_an_implementation_that_is_none() -> None:
    with pytest.raises(FlavorBroken, match=r"its implementation_class is no BaseOrchestrator \(got <class"):
        make_orchestrator(flavor(implementation_class=int), BaseOrchestratorConfig())


def test_an_orchestrator_that_cannot_be_made() -> None:
    class Picky(Sound):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise ValueError("no region")

    with pytest.raises(FlavorBroken, match=rf"{ORIGIN}Picky cannot be made: ValueError: no region\."):
        make_orchestrator(flavor(implementation_class=Picky), BaseOrchestratorConfig())


@pytest.mark.parametrize("given", [KeyError("x"), SystemExit("x")])
def test_a_name_that_fails_is_said_by_its_class(given: BaseException) -> None:
    with pytest.raises(
        FlavorBroken, match=rf"^flavor 'Odd' of acme:Odd: its name fails: {type(given).__name__}: "
    ):
        card.name_of(flavor(name=given))


def test_a_real_interrupt_is_nobodys_fault() -> None:
    with pytest.raises(KeyboardInterrupt):
        card.check_card(flavor(config_class=KeyboardInterrupt()))


@pytest.mark.parametrize("name", card.BEHAVIOUR)
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (None, r"its configuration's {name} is neither True nor False\."),
        (RuntimeError("no"), r"its {name} fails: RuntimeError: no\. "),
    ],
)
def test_an_orchestrator_says_how_it_behaves(name: str, given: Any, sentence: str) -> None:
    class Config(BaseOrchestratorConfig):
        pass

    def read(_: object) -> Any:
        if given is not None:
            raise given

    setattr(Config, name, property(read))
    expected = rf"^flavor 'mine' of \S+:Sound: {sentence.format(name=name)}"
    with pytest.raises(FlavorBroken, match=expected):
        card.check_behaviour(Sound(Config(), flavor="mine"))


def test_sources_of_the_run_id_are_data() -> None:
    class Wrong(Sound):
        run_id_sources = ("MY_RUN_ID",)  # pyright: ignore[reportAssignmentType]

    sentence = "its run_id_sources are no tuple of Env, Argument and JsonFile (got ('MY_RUN_ID',))."
    with pytest.raises(FlavorBroken, match=re.escape(sentence)):
        card.check_behaviour(Wrong(BaseOrchestratorConfig(), flavor="mine"))
    card.check_behaviour(Sound(BaseOrchestratorConfig(), flavor="mine"))
