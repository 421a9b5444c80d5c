from __future__ import annotations

from skylift_vertex.names import display_name, job_id, label, schedule_name, token


def test_a_submission_has_one_job() -> None:
    assert job_id("a") == job_id("a") != job_id("b")
    assert job_id("a").startswith("skylift-")


def test_schedules_of_stacks_and_projects_are_told_apart() -> None:
    found = {
        schedule_name(project, name, owner)
        for project in ("p", "q")
        for name in ("daily", "Daily")
        for owner in ("one\ngs://a", "two\ngs://a")
    }
    assert len(found) == 8
    assert all(name.startswith("skylift-daily-") for name in found)


def test_a_display_name_fits() -> None:
    assert display_name("x" * 200) == "x" * 128


def test_a_token_is_that_of_its_parts() -> None:
    assert token("a", "bc") != token("ab", "c")
    assert token("a", "b") == token("a", "b")


def test_a_plain_label_is_itself() -> None:
    assert label("daily_run-2") == "daily_run-2"
    assert label("") == ""
    assert label("Daily run").startswith("daily-run-")
