"""From what a person types to a pipeline; and a sentence for whatever is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

ONE = """
from skylift import pipeline, step

@step
def load() -> int:
    return 1

@pipeline
def daily() -> None:
    load()
"""
TWO = f"{ONE}\nother = daily.with_options(name='other')\n"


def refused(project: Project, target: str) -> str:
    answer = project.skylift("run", target)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    return answer.err.removeprefix("error: ").rstrip("\n")


@pytest.mark.parametrize("target", ["flow.py:daily", "flow.py", "flow:daily", "flow", "./flow.py"])
def test_ways_to_name_a_pipeline(project: Project, target: str) -> None:
    project.write("flow.py", ONE)
    assert project.skylift("run", target).code == 0


def test_a_file_of_another_folder_imports_what_stands_beside_it(project: Project) -> None:
    flows = project.folder / "flows"
    flows.mkdir()
    (flows / "beside.py").write_text("NUMBER = 3\n")
    (flows / "far.py").write_text(f"from beside import NUMBER\n{ONE}")
    assert project.skylift("run", "flows/far.py:daily").code == 0


def test_an_alias_is_no_second_pipeline_and_an_imported_one_is_not_meant(project: Project) -> None:
    project.write("library.py", ONE.replace("daily", "shared"))
    project.write("flow.py", f"from library import shared\n{ONE}\nagain = daily\n")
    answer = project.skylift("run", "flow.py")
    assert answer.code == 0
    assert answer.err.startswith("daily on local")


def test_a_file_that_is_not_there(project: Project) -> None:
    project.write("flow.py", ONE)
    assert refused(project, "flwo.py:daily") == "flwo.py: there is no such file. Did you mean 'flow.py'?"
    assert refused(project, "x/flow.py") == (
        f"x/flow.py: there is no such file. Looked in {project.folder}/x."
    )


def test_a_notebook_says_where_to_put_the_pipeline(project: Project) -> None:
    project.write("flow.ipynb", "{}")
    assert refused(project, "flow.ipynb:daily") == (
        "flow.ipynb: it is a notebook, and runs in its kernel only. Move the pipeline and its steps to a "
        "module, which the notebook and this command import."
    )


def test_a_folder_and_a_file_that_is_no_python(project: Project) -> None:
    (project.folder / "flows").mkdir()
    project.write("flow.txt", ONE)
    assert refused(project, "./flows") == "flows: it is a folder. Name a file in it: flows/pipeline.py."
    assert refused(project, "flow.txt") == (
        "flow.txt: it is no Python file. Write the pipeline in a file FILE.py."
    )


def test_a_module_that_is_not_there(project: Project) -> None:
    assert refused(project, "no_such.thing:daily") == (
        "no_such.thing: there is no module named 'no_such'. "
        f"Looked in {project.folder} and in what is installed; a file is named with its suffix, .py."
    )


def test_a_syntax_error_names_its_line(project: Project) -> None:
    project.write("flow.py", f"{ONE}\nif True\n")
    assert refused(project, "flow.py") == (
        f"{project.folder}/flow.py, line 12: it is not valid Python: expected ':' (got 'if True')."
    )


def test_a_failing_import_names_the_users_own_line(project: Project) -> None:
    project.write("helper.py", "def f():\n    return {}['key']\n")
    project.write("flow.py", f"import json\nimport helper\n{ONE}\njson.loads('[')\n")
    assert refused(project, "flow.py") == (
        f"{project.folder}/flow.py, line 14: it fails when it is imported: json.decoder.JSONDecodeError: "
        "Expecting value: line 1 column 2 (char 1). With --debug: the whole traceback."
    )
    project.write("flow.py", f"import helper\nhelper.f()\n{ONE}")
    assert refused(project, "flow.py").startswith(
        f"{project.folder}/helper.py, line 2: it fails when it is imported: KeyError: 'key'."
    )
    debugged = project.skylift("run", "flow.py", "--debug").err
    assert 'flow.py", line 2, in <module>' in debugged


def test_a_package_that_is_not_installed(project: Project) -> None:
    project.write("flow.py", f"import no_such_package\n{ONE}")
    assert re.fullmatch(
        r".*/flow\.py, line 1: it fails when it is imported: ModuleNotFoundError: No module named "
        r"'no_such_package'\. Install what brings 'no_such_package' for \S+, or correct the import\.",
        refused(project, "flow.py"),
    )


def test_a_relative_import_says_how_to_run_it(project: Project) -> None:
    project.write("flow.py", f"from .other import x\n{ONE}")
    assert refused(project, "flow.py").endswith(
        "Run it as a module of its package: skylift run package.module:pipeline"
    )


def test_a_file_that_ends_the_program(project: Project) -> None:
    project.write("flow.py", f"import sys\n{ONE}\nsys.exit(3)\n")
    assert refused(project, "flow.py") == (
        f"{project.folder}/flow.py, line 13: it ends the program when it is imported (exit code 3). "
        'Put what runs the program below `if __name__ == "__main__":`.'
    )


def test_a_file_that_runs_its_pipeline_when_imported(project: Project) -> None:
    project.write("flow.py", f"{ONE}\ndaily()\n")
    assert refused(project, "flow.py") == (
        "pipeline 'daily': it is called while 'flow' is imported, so every process that imports it would "
        'run it. Put the call below `if __name__ == "__main__":`.'
    )


def test_no_pipeline_several_and_a_wrong_name(project: Project) -> None:
    project.write("none.py", "x = 1\n")
    project.write("two.py", TWO)
    assert refused(project, "none.py") == (
        "none.py: it holds no pipeline. Decorate a function with @pipeline."
    )
    assert refused(project, "two.py") == (
        "two.py: it holds 2 pipelines: daily, other. Name one: two.py:daily"
    )
    assert refused(project, "two.py:dayly") == (
        "two.py: there is no pipeline named 'dayly'. Did you mean 'daily'?"
    )
    assert refused(project, "two.py:load") == (
        "two.py: 'load' is no pipeline but a step. Its pipelines: daily, other."
    )


@pytest.mark.parametrize("name", ["random.py", "my.flow.py"])
def test_a_name_that_steps_could_not_import(project: Project, name: str) -> None:
    project.write(name, ONE)
    assert refused(project, name) == (
        f"{project.folder}/{name}: a script of this name cannot be imported by the processes of its steps. "
        "Rename it: neither the name of a standard module nor a dot."
    )


def test_a_name_that_another_module_has(project: Project) -> None:
    project.write("click.py", ONE)
    assert re.fullmatch(
        r".*/click\.py: the name 'click' stands for \S+click/__init__\.py, so its steps could not import it\. "
        r"Rename the file\.",
        refused(project, "click.py"),
    )


def test_a_pipeline_function_that_fails(project: Project) -> None:
    project.write("flow.py", ONE.replace("    load()", "    load(); 1 / 0"))
    assert refused(project, "flow.py") == (
        f"{project.folder}/flow.py, line 10: pipeline 'daily' fails: ZeroDivisionError: division by zero. "
        "With --debug: the whole traceback."
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            "nosuch=1",
            "pipeline 'daily': there is no option named 'nosuch'. Known: ",
        ),
        (
            "schedule='0 2 * * *'",
            """pipeline 'daily', schedule: it is a Schedule (got '0 2 * * *'). Schedule(cron_expression="0 2 * * *")""",
        ),
    ],
)
def test_a_wrong_option_is_told_in_its_own_words(project: Project, options: str, sentence: str) -> None:
    project.write("flow.py", ONE.replace("@pipeline", f"@pipeline({options})"))
    assert refused(project, "flow.py").startswith(f"{project.folder}/flow.py, line 8: {sentence}")


@pytest.mark.parametrize("target", ["", ":daily"])
def test_no_file_and_no_module(project: Project, target: str) -> None:
    assert refused(project, target) == (
        f"FILE.py: it names no file and no module (got {target!r}). Name one: pipeline.py, or pipeline.py:train."
    )
