"""A sound plugin with one fault at a time: the test that should notice does.

Each fault is a change of `support/files_plugin.py`. Those that cost nothing are held against all
tests that cost nothing, to see that no other test of them notices.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow

HERE: Final = Path(__file__).parent
PLUGIN: Final = (HERE / "support" / "files_plugin.py").read_text()
SUITES_WITHOUT_RUNS: Final = ("DiscoverySuite", "ConfigSuite", "RunIdSuite")

Change = tuple[str, str]


def quick_tests() -> str:
    import skylift_testkit

    suites: list[type[object]] = [getattr(skylift_testkit, name) for name in SUITES_WITHOUT_RUNS]
    return " or ".join(name for suite in suites for name in vars(suite) if name.startswith("test_"))


def broken(*changes: Change) -> str:
    """The plugin's text with these changes, each of which must have something to change."""
    text = PLUGIN
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


def failures(folder: Path, code: str, only: str) -> set[str]:
    """The kit's tests, of those that `only` selects, that fail on a plugin of this code."""
    (folder / "files_plugin.py").write_text(code)
    for path in (HERE / "support" / "files_backend.py", HERE / "test_files.py"):
        (folder / path.name).write_text(path.read_text())
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:timeout", "-k", only]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_files.py"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"\d+ (passed|failed)", ended.stdout), ended.stdout + ended.stderr
    assert " error" not in ended.stdout.splitlines()[-1], ended.stdout
    return {name.partition("[")[0] for name in re.findall(r"^FAILED \S+::(\S+)", ended.stdout, re.MULTILINE)}


AN_ID = 'return find_orchestrator_run_id(self.run_id_sources, backend="files", dynamic=False)'

OF_THE_CARD: Final = {
    "the SDK is imported by the card": (
        ("import json\n", "import json\nimport graphlib\n"),
        "test_showing_it_loads_no_sdk",
    ),
    "a capability left out": (
        ("dict.fromkeys(Capability, no(", "dict.fromkeys(set(Capability) - {Capability.GPU_TYPE}, no("),
        "test_every_capability_is_declared",
    ),
    "no reason given": (('no("not built yet")', 'no("")'), "test_whatever_is_less_than_full_says_why"),
    "a secret in plain text": (
        (
            "    token: SecretStr | None = None\n",
            "    token: SecretStr | None = None\n    def __str__(self): return str(self.token.get_secret_value())\n",
        ),
        "test_secrets_are_not_shown",
    ),
    "options that are not looked at": (
        (
            "class FilesConfig(BaseOrchestratorConfig):",
            'class FilesConfig(BaseOrchestratorConfig, extra="ignore"):',
        ),
        "test_an_option_that_there_is_not_is_refused",
    ),
    "a run ID where there is no run": (
        (AN_ID, 'return os.environ.get(RUN_ID, "unknown")'),
        "test_without_its_backend_there_is_none",
    ),
}
"""What → the change, and the test that fails."""


@pytest.mark.parametrize("what", OF_THE_CARD)
def test_a_fault_of_the_card_is_caught_by_one_test(tmp_path: Path, what: str) -> None:
    change, caught = OF_THE_CARD[what]
    assert failures(tmp_path, broken(change), quick_tests()) == {caught}


DOCUMENT = 'document = {"name": snapshot.name,'
ARGUMENTS = '"arguments": step_arguments(snapshot, name),'

OF_THE_DOCUMENT: Final = {
    "the clock": (
        (DOCUMENT, DOCUMENT + ' "made": time.time(),'),
        "test_the_same_bytes_twice_and_nothing_asked",
    ),
    "chance": (
        (DOCUMENT, DOCUMENT + ' "id": uuid.uuid4().hex,'),
        "test_the_same_bytes_twice_and_nothing_asked",
    ),
    "the environment": (
        (DOCUMENT, DOCUMENT + ' "zone": os.environ.get("TZ"),'),
        "test_the_same_bytes_twice_and_nothing_asked",
    ),
    "an order that hashing makes": (
        (DOCUMENT, DOCUMENT + ' "order": list(set(snapshot.step_configurations)),'),
        "test_another_process_elsewhere_makes_the_same",
    ),
    "the order of steps dropped": (
        ('"after": list(step.spec.upstream_steps),', '"after": [],'),
        "test_what_a_document_owns_is_in_it",
    ),
    "step environments dropped": (
        ('"environment": dict(environments[name]),', '"environment": {},'),
        "test_what_a_document_owns_is_in_it",
    ),
    "an image that is claimed and dropped": (
        ("    Capability.MEMORY: FULL,\n", "    Capability.MEMORY: FULL,\n    Capability.IMAGES: FULL,\n"),
        "test_what_a_document_owns_is_in_it",
    ),
    "a command joined to a line": (
        (ARGUMENTS, ARGUMENTS + ' "line": " ".join(step_arguments(snapshot, name)),'),
        "test_a_command_is_a_list",
    ),
    "a limit that is not looked at": (
        ('    VARIABLES.check(len(config.environment), f"step {name!r}: environment")\n', ""),
        "test_an_environment_over_its_limit_is_refused",
    ),
    "a value cut to its limit": (
        ('        VALUE.check(len(value), f"step {name!r}: variable {variable}")\n', "        value[:256]\n"),
        "test_an_environment_over_its_limit_is_refused",
    ),
    "resources ignored": (
        ('"cpu": config.resource_settings.cpu_count,', '"cpu": 1,'),
        "test_it_is_in_the_document_or_refused",
    ),
    "the memory of one step for all": (
        (
            '"memory": config.resource_settings.memory_bytes,',
            '"memory": snapshot.steps[0].config.resource_settings.memory_bytes,',
        ),
        "test_a_step_asks_for_itself_alone",
    ),
    "a secret in it": (
        (DOCUMENT, DOCUMENT + ' "all": dict(os.environ),'),
        "test_a_secret_is_in_no_compiled_document",
    ),
}


@pytest.mark.parametrize("what", OF_THE_DOCUMENT)
def test_a_fault_of_the_document_is_caught(tmp_path: Path, what: str) -> None:
    change, caught = OF_THE_DOCUMENT[what]
    assert failures(tmp_path, broken(change), caught) == {caught}


EXECUTION = 'name = f"execution-{uuid.uuid5(uuid.NAMESPACE_URL, token)}"'
WAITING = 'while not ExecutionStatus(self.state(execution)["status"]).is_finished:\n'
ASKED = "            kind = ANSWERS.get(str(error), Transient)\n"

STOP = "    def stop_run(self, run: PipelineRun, graceful: bool = False) -> None:\n"
TAKE_RESULTS = """
        store = run.ledger.store
        store.delete([key for key in store.list("runs") if key.endswith("result.json")])
"""

OF_A_RUN: Final = {
    "an id made up in each step": (
        ("RUN_ID: self.name}", "RUN_ID: uuid.uuid4().hex}"),
        "test_every_step_finds_the_same_run",
    ),
    "the pipeline's id for each of its runs": (
        (
            ("RUN_ID: self.name}", 'RUN_ID: self.told["pipeline"]}'),
            ("orchestrator_run_id=execution)", "orchestrator_run_id=pipeline)"),
        ),
        "test_every_run_has_an_id_of_its_own",
    ),
    "empty variables dropped": (
        (
            '**job["environment"],',
            '**{k: v for k, v in job["environment"].items() if v},',
        ),
        "test_each_step_has_its_environment",
    ),
    "variables trimmed": (
        (
            '**job["environment"],',
            '**{k: v.strip() for k, v in job["environment"].items()},',
        ),
        "test_each_step_has_its_environment",
    ),
    "the submitter's variables win": (
        (
            '**job["environment"],',
            '**job["environment"], **{k: v for k, v in os.environ.items() if k.startswith("CONFORMANCE")},',
        ),
        "test_each_step_has_its_environment",
    ),
    "environments that do not reach the step": (
        (
            '**job["environment"],',
            '**{k: v for k, v in job["environment"].items() if k.startswith("SKYLIFT")},',
        ),
        "test_each_step_has_its_environment",
    ),
    "a secret on the terminal": (
        (
            "compiled = self.compile_pipeline(",
            "print(*os.environ.values())\n        compiled = self.compile_pipeline(",
        ),
        "test_a_secret_reaches_its_step_and_stays_there",
    ),
    "a secret that does not arrive": (
        ('"pass": [reference.removeprefix("env:") for reference in config.secrets.values()],', '"pass": [],'),
        "test_a_secret_reaches_its_step_and_stays_there",
    ),
    "retries that the backend is said to make": (
        (
            "    @property\n    def is_schedulable(self)",
            "    @property\n    def handles_step_retries(self): return True\n    @property\n    def is_schedulable(self)",
        ),
        "test_a_failed_step_is_tried_again",
    ),
    "a failure that ends the others": (
        (
            "            stop = self.place",
            '            if "failed" in self.ended.values(): self.halt(True)\n            stop = self.place',
        ),
        "test_continuing_runs_whatever_does_not_need_what_failed",
    ),
    "names that become one": (
        (
            (
                "    name, config = step.spec.invocation_id, step.config\n    VARIABLES",
                "    name, config = step.spec.invocation_id, step.config\n    own = lambda one: one.replace('_', '-')\n    VARIABLES",
            ),
            ('        "name": name,\n', '        "name": own(name),\n'),
            (
                '"after": list(step.spec.upstream_steps),',
                '"after": [one for one in map(own, step.spec.upstream_steps) if one != own(name)],',
            ),
        ),
        "test_names_lead_to_their_own_steps",
    ),
    "a status that is made up": (
        ('RunStatus(ExecutionStatus(found["status"]), steps', "RunStatus(ExecutionStatus.COMPLETED, steps"),
        "test_it_is_seen_from_elsewhere",
    ),
    "a graceful stop that is not": (
        ('"graceful" if graceful else "forced"', '"forced"'),
        "test_a_stop_that_is_graceful_lets_steps_finish",
    ),
    "a stop that takes finished steps along": (
        (STOP, STOP + TAKE_RESULTS),
        "test_it_is_stopped_from_elsewhere",
    ),
}


def changes_of(found: Change | tuple[Change, ...]) -> tuple[Change, ...]:
    return (found,) if isinstance(found[0], str) else found  # pyright: ignore[reportReturnType] -- told apart by what they hold


@pytest.mark.parametrize("what", OF_A_RUN)
def test_a_fault_of_a_run_is_caught(tmp_path: Path, what: str) -> None:
    found, caught = OF_A_RUN[what]
    assert failures(tmp_path, broken(*changes_of(found)), caught) == {caught}


OF_A_SUBMIT: Final = {
    "a new execution for each call": (
        (EXECUTION, 'name = f"execution-{uuid.uuid4()}"'),
        "test_a_submission_that_is_repeated_is_one_execution",
    ),
    "a lost answer asked for anew": (
        (EXECUTION, 'name = f"execution-{uuid.uuid4()}"'),
        "test_a_submit_whose_answer_is_lost_is_not_taken_twice",
    ),
    "one execution for all": (
        (EXECUTION, 'name = "execution"'),
        "test_two_submissions_are_two_executions",
    ),
    "a new pipeline for each run": (
        (
            'name = json.loads(document)["name"]',
            'name = json.loads(document)["name"] + uuid.uuid4().hex',
        ),
        "test_runs_leave_nothing_more_behind_than_the_first",
    ),
    "a wait that gives up": (
        (
            WAITING,
            "began = time.monotonic()\n        "
            + WAITING
            + "            if time.monotonic() - began > 3000: return\n",
        ),
        "test_a_wait_has_no_cap",
    ),
    "a wait that does not": (
        ("lambda: self.engine.wait(execution)", "lambda: None"),
        "test_a_failed_run_is_an_error_to_whoever_waits",
    ),
    "an error that is swallowed": (
        (ASKED, "            return 'execution-none'\n" + ASKED),
        "test_a_refusal_is_the_contracts_error",
    ),
    "one error for all refusals": (
        (ASKED, "            kind = BackendError\n"),
        "test_a_refusal_is_the_contracts_error",
    ),
    "a submission that is not found again": (
        ("return name if name in self.engine.executions() else None", "return None"),
        "test_a_submission_is_found_by_its_id",
    ),
    "a submission that is found though it is not there": (
        ("return name if name in self.engine.executions() else None", "return name"),
        "test_a_submission_is_found_by_its_id",
    ),
}


@pytest.mark.parametrize("what", OF_A_SUBMIT)
def test_a_fault_of_a_submit_is_caught(tmp_path: Path, what: str) -> None:
    change, caught = OF_A_SUBMIT[what]
    assert failures(tmp_path, broken(change), caught) == {caught}


DEPLOYED = "        name = schedule.name or pipeline\n"
FIRES = "test_it_fires_when_it_should"

OF_A_SCHEDULE: Final = {
    "the seconds of an interval without its days": (
        (
            DEPLOYED,
            DEPLOYED
            + '        when["interval_second"] = when["interval_second"] and (when["interval_second"] % 86_400_000_000 or 1_000_000)\n',
        ),
        f"{FIRES} and interval",
    ),
    "a daily cron read as hourly": (
        (DEPLOYED, DEPLOYED + '        when["cron_expression"] = "0 * * * *"\n'),
        f"{FIRES} and cron",
    ),
    "a zone that is dropped": (
        (DEPLOYED, DEPLOYED + '        when["timezone"] = "UTC"\n'),
        f"{FIRES} and zone",
    ),
    "an end that is dropped": (
        (DEPLOYED, DEPLOYED + '        when["end_time"] = None\n'),
        f"{FIRES} and cron_with_an_end",
    ),
    "a start that is dropped": (
        (DEPLOYED, DEPLOYED + '        when["start_time"] = None\n'),
        f"{FIRES} and cron_with_a_start",
    ),
    "a run at once": (
        (DEPLOYED, DEPLOYED + "        self.engine.start(pipeline, uuid.uuid4().hex)\n"),
        "test_nothing_starts_when_it_is_made",
    ),
    "an id that is not returned": (
        ("return SubmissionResult(schedule_id=name)", "return SubmissionResult()"),
        "test_nothing_starts_when_it_is_made",
    ),
    "an id that all firings share": (
        ("RUN_ID: self.name}", 'RUN_ID: self.told["pipeline"] if self.told["fired"] else self.name}'),
        "test_each_firing_is_a_run_of_its_own",
    ),
    "a second one beside the first": (
        (DEPLOYED, DEPLOYED + "        name += uuid.uuid4().hex\n"),
        "test_deploying_again_makes_no_second_one",
    ),
    "one that stays when its making fails": (
        (
            "                self.engine.unschedule(name)\n            raise\n",
            "                pass\n            raise\n",
        ),
        "test_one_that_fails_half_way_is_not_there",
    ),
    "a change that is not made": (
        ("        self.engine.schedule(schedule.id, when=json.loads(canonical_json(update)))\n", ""),
        "test_it_can_be_changed",
    ),
    "a pause that is none": (
        ('        self.engine.schedule(schedule.id, state="paused")\n', ""),
        "test_it_is_silent_while_it_is_paused",
    ),
    "one that stays when it is deleted": (
        (
            "        self.engine.unschedule(schedule.id)\n",
            '        self.engine.schedule(schedule.id, state="paused")\n',
        ),
        "test_nothing_of_it_stays_when_it_is_deleted",
    ),
    "firings that are not told": (
        ('told["pipeline"] == name and told["fired"]', "False"),
        "test_firings_are_listed",
    ),
}


@pytest.mark.parametrize("what", OF_A_SCHEDULE)
def test_a_fault_of_a_schedule_is_caught(tmp_path: Path, what: str) -> None:
    change, caught = OF_A_SCHEDULE[what]
    assert failures(tmp_path, broken(change), caught) == {caught.partition(" ")[0]}


def test_a_test_of_the_kit_cannot_be_taken_away() -> None:
    from skylift_testkit import Conformance

    with pytest.raises(
        TypeError, match=r"test_it_cannot_be_changed replaces a test of the kit\. Declare what the plugin"
    ):
        type("TestMine", (Conformance,), {"test_it_cannot_be_changed": print, "__module__": "mine"})
