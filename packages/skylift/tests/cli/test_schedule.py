"""`skylift schedule`, on a backend that fires when its clock is turned."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.folder_scheduler import SilentFlavor, make_scheduling

from skylift.client import Client
from skylift.launch.schedules import find
from skylift.ledger.ledger import Ledger
from skylift.ledger.schedules import standing
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreUnavailable
from skylift_contract.schedule import Schedule

if TYPE_CHECKING:
    from skylift_tests_support.commands import Answer, Project
    from skylift_tests_support.folder_scheduler import Scheduler

DEPLOY = "schedule deploy flow.py:daily"
TIMES = Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin")


@pytest.fixture
def clock(project: Project) -> Scheduler:
    return make_scheduling(project)


def ok(project: Project, line: str) -> str:
    answer = project.skylift(*line.split())
    assert answer.code == 0, answer.err
    return answer.out


def as_json(project: Project, line: str) -> Any:
    document = json.loads(ok(project, f"{line} --output json"))
    assert document.pop("version") == 1
    return document


def refused(answer: Answer) -> str:
    assert (answer.code, answer.out) == (2, "")
    (line,) = answer.err.splitlines()
    return line


def fires(after: datetime | None = None) -> list[datetime]:
    return [fire.astimezone(UTC) for fire in TIMES.next_fires(4, after or datetime.now(UTC))]


def test_nothing_starts_at_deploy_and_each_firing_is_a_run_of_its_own(
    project: Project, clock: Scheduler
) -> None:
    answer = project.skylift(*DEPLOY.split())
    assert (answer.code, answer.out) == (0, "")
    assert "schedule 'daily' is deployed; it fires next at" in answer.err
    assert as_json(project, "runs list")["runs"] == []

    first, second, *_ = fires()
    assert len(clock.tick(first)) == 1
    assert len(clock.tick(second)) == 1

    runs = as_json(project, "runs list")["runs"]
    assert [run["status"] for run in runs] == ["completed", "completed"]
    assert len({run["id"] for run in runs}) == 2
    assert [run["submission_id"] for run in runs] == [None, None]
    assert all(
        Client(project.store).run(run["id"]).steps["more"].outputs["output"].load() == 42 for run in runs
    )
    assert as_json(project, "runs list --schedule daily")["runs"] == runs
    shown = as_json(project, "schedule describe daily")["schedule"]
    assert [firing["run"] for firing in shown["firings"]] == [run["id"] for run in runs]


def test_what_fires_is_what_was_deployed(project: Project, clock: Scheduler) -> None:
    ok(project, f"{DEPLOY} --param by=5")
    (project.folder / "flow.py").write_text("raise SystemExit")
    clock.tick(fires()[0])
    (run,) = Client(project.store).runs()
    assert run.steps["more"].outputs["output"].load() == 46


def test_a_firing_is_told_apart_from_a_run_of_now(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    assert project.skylift("run", "flow.py:daily", "--now").code == 0
    (run,) = as_json(project, "runs list")["runs"]
    assert (run["status"], run["submission_id"] is None) == ("completed", False)
    assert as_json(project, "runs list --schedule daily")["runs"] == []


def test_deploy_as_json_is_the_schedule_as_it_is_listed(project: Project, clock: Scheduler) -> None:
    made = as_json(project, DEPLOY)["schedule"]
    assert as_json(project, "schedule list") == {"schedules": [made], "damaged": []}


def test_runs_of_a_schedule_that_nothing_has(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    assert refused(project.skylift("runs", "list", "--schedule", "dayli")) == (
        f"error: {project.store}: there is no schedule named 'dayli'. Did you mean 'daily'? "
        "See: skylift schedule list"
    )


def test_list(project: Project, clock: Scheduler) -> None:
    assert "there is no schedule in file://" in project.skylift("schedule", "list").err
    ok(project, DEPLOY)
    heads, row = ok(project, "schedule list").splitlines()
    assert heads.split() == ["SCHEDULE", "PIPELINE", "WHEN", "NEXT", "STATE", "FLAVOR"]
    coming = f"{TIMES.next_fires(1, datetime.now(UTC))[0]:%Y-%m-%d %H:%M %Z}"
    assert re.split(r"\s{2,}", row) == [
        "daily",
        "daily",
        "every day at 02:00 (Europe/Berlin)",
        coming,
        "active",
        "folder",
    ]
    (shown,) = as_json(project, "schedule list")["schedules"]
    assert (
        shown.items()
        >= {
            "name": "daily",
            "pipeline": "daily",
            "project": "ours",
            "state": "active",
            "cron": "0 2 * * *",
            "timezone": "Europe/Berlin",
            "flavor": "folder",
            "orchestrator": "clock",
            "id": "daily",
            "interval_seconds": None,
            "once": None,
        }.items()
    )
    assert [datetime.fromisoformat(fire).astimezone(UTC) for fire in shown["next"][:4]] == fires()


def test_describe_shows_the_backends_own_state(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    clock.change("daily", state="frozen")
    text = ok(project, "schedule describe daily")
    assert "on           clock (folder), as daily" in text
    assert text.endswith("\nbackend\nstate: frozen\ncron: 0 2 * * *\n")
    shown = as_json(project, "schedule describe daily")["schedule"]
    assert shown["backend"] == {"state": "frozen", "cron": "0 2 * * *"}
    clock.delete("daily")
    shown = as_json(project, "schedule describe daily")["schedule"]
    assert shown["backend"] is None
    assert "there is no schedule 'daily' [404]" in shown["backend_error"]
    assert "it cannot be asked: " in ok(project, "schedule describe daily")


def test_pause_and_resume(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    first, second, third, _ = fires()
    assert "schedule 'daily' is paused" in project.skylift("schedule", "pause", "daily").err
    assert clock.tick(first) == []
    (shown,) = as_json(project, "schedule list")["schedules"]
    assert (shown["state"], shown["next"]) == ("paused", [])
    assert "next: it does not fire" in ok(project, "schedule describe daily")
    ok(project, "schedule resume daily")
    clock.tick(second)
    assert len(clock.tick(third)) == 1


def test_update_changes_the_times_and_not_what_runs(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    before = standing(Ledger(Client(project.store).ledger.store), "daily")
    answer = project.skylift("schedule", "update", "daily", "--cron", "30 4 * * 1")
    assert answer.err == "schedule 'daily' is updated: every Monday at 04:30 (Europe/Berlin)\n"
    found = find(Client(project.store).ledger, "daily")
    assert before is not None
    assert found.record.schedule.snapshot == before.schedule.snapshot
    coming = next(found.fires(datetime.now(UTC)))
    assert (coming.weekday(), coming.hour, coming.minute) == (0, 4, 30)
    assert len(clock.tick(coming.astimezone(UTC))) == 1
    assert as_json(project, "runs list --schedule daily")["runs"][0]["status"] == "completed"

    ok(project, DEPLOY)
    assert find(Client(project.store).ledger, "daily").timing == TIMES


def test_an_interval_counts_from_when_it_was_set(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    ok(project, "schedule update daily --every 36h")
    found = find(Client(project.store).ledger, "daily")
    since = found.record.since
    two = list(islice(found.fires(since), 2))
    assert [(fire - since).total_seconds() for fire in two] == [36 * 3600, 72 * 3600]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "error: schedule 'daily': nothing is to be changed. Name one: --cron '0 3 * * *'"),
        (("--every", "soon"), "error: --every: it is no duration (got 'soon'). --every 36h"),
        (
            ("--start", "monday"),
            "error: --start: it is no time in ISO 8601 (got 'monday'). --start 2030-01-31T02:00+00:00",
        ),
        (
            ("--start", "2030-01-01T00:00"),
            (
                "error: Schedule.start_time: it has no time zone (got '2030-01-01 00:00:00'). "
                "Give it one: datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))."
            ),
        ),
    ],
)
def test_an_update_that_cannot_be_changes_nothing(
    project: Project, clock: Scheduler, options: tuple[str, ...], sentence: str
) -> None:
    ok(project, DEPLOY)
    before = clock.get("daily")
    assert refused(project.skylift("schedule", "update", "daily", *options)) == sentence
    assert clock.get("daily") == before
    assert find(Client(project.store).ledger, "daily").timing == TIMES


def test_delete_leaves_a_tombstone_and_the_runs(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    first, second, *_ = fires()
    clock.tick(first)
    ok(project, "schedule delete daily")
    assert clock.tick(second) == []
    assert as_json(project, "schedule list")["schedules"] == []
    (shown,) = as_json(project, "schedule list --all")["schedules"]
    assert shown["state"] == "deleted"
    assert len(as_json(project, "runs list --schedule daily")["runs"]) == 1
    sentence = "error: schedule 'daily': it was deleted. Deploy it again: skylift schedule deploy FILE.py"
    assert refused(project.skylift("schedule", "pause", "daily")) == sentence
    ok(project, DEPLOY)
    assert as_json(project, "schedule list")["schedules"][0]["state"] == "active"


def test_one_that_its_backend_has_no_more_can_be_deleted_and_not_paused(
    project: Project, clock: Scheduler
) -> None:
    ok(project, DEPLOY)
    clock.delete("daily")
    for action in (["pause", "daily"], ["resume", "daily"], ["update", "daily", "--cron", "0 3 * * *"]):
        answer = project.skylift("schedule", *action)
        assert answer.code == 1
        assert answer.err == (
            "error: folder:GetSchedule: clock has schedule 'daily' no more: there is no schedule 'daily' "
            "[404]. Deploy it again: skylift schedule deploy FILE.py; "
            "or delete it: skylift schedule delete daily\n"
        )
    ok(project, "schedule delete daily")
    assert as_json(project, "schedule list")["schedules"] == []


def test_one_that_is_paused_stays_so_when_it_is_deployed_again(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    ok(project, "schedule pause daily")
    answer = project.skylift(*DEPLOY.split(), "--param", "by=2")
    assert answer.code == 0
    assert "schedule 'daily' is deployed; it stays paused; skylift schedule resume daily" in answer.err
    assert "fires next" not in answer.err
    first, second, *_ = fires()
    assert (clock.get("daily")["state"], clock.tick(first)) == ("paused", [])
    (shown,) = as_json(project, "schedule list")["schedules"]
    assert (shown["state"], shown["next"]) == ("paused", [])
    ok(project, "schedule resume daily")
    assert len(clock.tick(second)) == 1


def test_a_record_that_cannot_be_written_is_said_and_made_good_by_the_same_again(
    project: Project, clock: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(project, DEPLOY)

    def full(*_: Any) -> None:
        raise StoreUnavailable("no space is left", who="store")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "put_schedule", full)
        answer = project.skylift("schedule", "pause", "daily")
        assert (answer.code, answer.out) == (1, "")
        assert answer.err == (
            "error: schedule 'daily': it is paused on clock, and that could not be recorded: "
            "store: no space is left. Do the same again when the store can be written: that records it.\n"
        )
        assert clock.get("daily")["state"] == "paused"
    ok(project, "schedule pause daily")
    assert as_json(project, "schedule list")["schedules"][0]["state"] == "paused"


def test_a_name_that_nothing_has(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    for action in ("describe", "pause", "resume", "delete"):
        assert refused(project.skylift("schedule", action, "dayli")) == (
            f"error: {project.store}: there is no schedule named 'dayli'. Did you mean 'daily'? "
            "See: skylift schedule list"
        )


def test_a_pipeline_without_a_schedule(project: Project, clock: Scheduler) -> None:
    assert refused(project.skylift("schedule", "deploy", "flow.py:plain")) == (
        "error: pipeline 'plain': it has no schedule. "
        'Give it one: @pipeline(schedule=Schedule(cron_expression="0 2 * * *"))'
    )


def test_a_flavor_that_does_not_schedule_refuses_with_its_reason(project: Project, clock: Scheduler) -> None:
    said = refused(project.skylift(*DEPLOY.split(), "--stack", "default"))
    assert re.fullmatch(
        r"error: orchestrator 'default': local does not schedule: .+\. "
        r"Deploy it on another stack, with --stack; or run it once: skylift run FILE\.py --now",
        said,
    )
    assert list(Client(project.store).runs()) == []


def test_what_else_is_refused_is_told_with_the_schedule(project: Project, clock: Scheduler) -> None:
    huge = project.folder / "huge.yaml"
    huge.write_text("settings: {resources: {cpu_count: 100000}}")
    answer = project.skylift(*DEPLOY.split(), "--stack", "default", "--config", str(huge))
    first, *reasons = answer.err.splitlines()
    assert (answer.code, first) == (2, "error: flavor 'local': it cannot run this pipeline, for 2 reasons:")
    assert reasons[0].startswith("- orchestrator 'default': local does not schedule: ")
    assert "CPUs (100000 asked)" in reasons[1]


def test_a_flavor_that_only_deploys_refuses_the_rest_with_its_reason(project: Project) -> None:
    clock = make_scheduling(project, SilentFlavor)
    ok(project, DEPLOY)
    said = refused(project.skylift("schedule", "delete", "daily"))
    assert said == (
        "error: schedule 'daily': silent does not manage schedules that are deployed: "
        "SilentOrchestrator does not override delete_schedule. "
        "Do it with the backend's own tools; there it is 'daily'."
    )
    assert clock.get("daily")["state"] == "active"
    answer = project.skylift("runs", "list", "--sync")
    assert "note: schedule 'daily': SilentOrchestrator does not override list_executions\n" in answer.err


@pytest.mark.parametrize(
    ("change", "kind", "theirs", "ours"),
    [
        ("project", "project", "ours", "other"),
        ("pipeline", "pipeline", "daily", "second"),
        ("orchestrator", "orchestrator", "clock", "clock2"),
    ],
)
def test_a_name_that_another_has_is_refused_and_nothing_is_made(
    project: Project, clock: Scheduler, change: str, kind: str, theirs: str, ours: str
) -> None:
    ok(project, DEPLOY)
    before, submissions = clock.get("daily"), _submissions(project)
    words = DEPLOY.split()
    if change == "project":
        config = project.folder / "skylift.toml"
        config.write_text(config.read_text().replace('name = "ours"', 'name = "other"'))
    elif change == "pipeline":
        text = (project.folder / "flow.py").read_text()
        named = text.replace("Schedule(", 'Schedule(name="daily", ').replace("def daily(", "def second(")
        project.write("other.py", named)
        words[-1] = "other.py:second"
    else:
        folder = clock.folder
        ok(project, f"orchestrator register clock2 --flavor=folder --folder={folder}")
        words += ["--orchestrator", "clock2"]
    answer = project.skylift(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1] == (
        f"error: schedule 'daily': one of this name is deployed already, of {kind} {theirs!r}, and this is "
        f"of {kind} {ours!r}. Give this one another name, Schedule(name=…), or: skylift schedule delete daily"
    )
    assert (clock.get("daily"), _submissions(project)) == (before, submissions)


def _submissions(project: Project) -> list[str]:
    return Client(project.store).ledger.store.list("submissions/")


def test_sync_adopts_firings_that_reached_no_step(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    first, second, *_ = fires()
    clock.tick(first)
    clock.refuses = "the quota is used up"
    clock.tick(second)
    assert len(as_json(project, "runs list")["runs"]) == 1

    answer = project.skylift("runs", "list", "--sync", "--output", "json")
    assert "1 firings that reached no step are among the runs now" in answer.err
    adopted, fired = json.loads(answer.out)["runs"]
    assert (adopted["status"], adopted["reason"]) == ("failed", "the quota is used up")
    assert datetime.fromisoformat(adopted["created"]) == second
    assert fired["status"] == "completed"

    again = project.skylift("runs", "list", "--sync", "--output", "json")
    assert (again.err, json.loads(again.out)["runs"]) == ("", [adopted, fired])
    run = Client(project.store).run(adopted["id"])
    assert run.status is ExecutionStatus.FAILED
    assert run.record is not None
    assert run.record.orchestrator == "clock"  # and not any other of its flavor
    assert "the quota is used up" in ok(project, f"runs why {adopted['id']}")


def test_a_firing_is_adopted_as_what_was_deployed_when_it_fired(project: Project, clock: Scheduler) -> None:
    before = as_json(project, DEPLOY)["schedule"]["snapshot"]
    clock.refuses = "the quota is used up"
    clock.tick(fires()[0])
    (path,) = (clock.folder / "executions").glob("*.json")
    between = datetime.now(UTC).isoformat()
    path.write_text(json.dumps({**json.loads(path.read_text()), "fired": between}))
    assert as_json(project, f"{DEPLOY} --param by=9")["schedule"]["snapshot"] != before
    (run,) = as_json(project, "runs list --schedule daily --sync")["runs"]
    assert run["snapshot"] == before


def test_an_execution_that_goes_on_is_left_to_its_steps(project: Project, clock: Scheduler) -> None:
    ok(project, DEPLOY)
    clock.tick(fires()[0])
    (path,) = (clock.folder / "executions").glob("*.json")
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "id": "folder/daily/other", "status": "running"}))
    ok(project, "runs list --sync")
    assert len(as_json(project, "runs list")["runs"]) == 1


def test_the_python_call_deploys_and_updates(project: Project, clock: Scheduler) -> None:
    project.write(
        "call.py", "from flow import daily\n\nif __name__ == '__main__':\n    print(repr(daily()))\n"
    )
    assert "name='daily'" in project.piped(*_python("call.py")).out
    project.write(
        "call.py", "from flow import daily\n\nif __name__ == '__main__':\n    print(repr(daily(by=9)))\n"
    )
    assert "name='daily'" in project.piped(*_python("call.py")).out
    assert as_json(project, "runs list")["runs"] == []
    clock.tick(fires()[0])
    (run,) = Client(project.store).runs()
    assert run.steps["more"].outputs["output"].load() == 50


def test_run_now_from_python(project: Project, clock: Scheduler) -> None:
    project.write(
        "call.py",
        "from flow import daily\n\nif __name__ == '__main__':\n    print(daily.run_now().status.value)\n",
    )
    answer = project.piped(*_python("call.py"))
    assert (answer.code, answer.out) == (0, "completed\n")
    assert as_json(project, "schedule list")["schedules"] == []


def _python(file: str) -> list[str]:
    import sys
    from pathlib import Path

    import skylift_tests_support

    support = Path(skylift_tests_support.__file__).parent.parent
    code = f"import sys, runpy; sys.path[:0] = ['.', {str(support)!r}]; runpy.run_path({file!r}, run_name='__main__')"
    return [sys.executable, "-c", code]
