"""What is typed wrong, command by command: data for `test_wrong_inputs.py`.

`flow.py` holds the pipeline `flow`, whose parameter is `depth`, and which ran once, and
`daily`, the same with a schedule; `own.py` a flavor; `steps.yaml` options of a step that they
have not, `options.yaml` an option that no step has.
"""

from __future__ import annotations

from typing import Final

SOUND: Final = {
    "run": "flow.py:flow",
    "compile": "flow.py:flow -o out",
    "diff": "flow.py:flow",
    "schedule deploy": "flow.py:daily",
    "schedule list": "",
    "schedule describe": "daily",
    "schedule update": "daily --every 36h",
    "schedule pause": "daily",
    "schedule resume": "daily",
    "schedule delete": "daily",
    "runs list": "",
    "runs describe": "last",
    "runs logs": "last",
    "runs why": "last",
    "runs watch": "last",
    "runs stop": "last",
    "runs resume": "last",
    "runs tag": "last add good",
    "runs note": "last hello",
    "runs delete": "last --yes",
    "artifact list": "last",
    "artifact download": "last one",
    "init": "elsewhere",
    "integration list": "",
    "integration install": "kubernetes",
    "integration uninstall": "kubernetes",
    "stack list": "",
    "stack describe": "default",
    "stack set": "default",
    "stack register": "new -o default",
    "stack copy": "default new",
    "stack update": "mine -o default",
    "stack delete": "mine",
    "stack validate": "default",
    "orchestrator register": "new --flavor=local",
    "orchestrator update": "workers --max_parallelism=2",
    "orchestrator list": "",
    "orchestrator describe": "workers",
    "orchestrator delete": "workers",
    "orchestrator flavor list": "",
    "orchestrator flavor describe": "local",
    "orchestrator flavor register": "own.Flavor",
    "artifact-store register": "new --uri=s3://b",
    "artifact-store update": "bucket --uri=s3://b",
    "artifact-store list": "",
    "artifact-store describe": "bucket",
    "artifact-store delete": "bucket",
    "container-registry register": "new --uri=docker.io/us",
    "container-registry update": "hub --uri=docker.io/us",
    "container-registry list": "",
    "container-registry describe": "hub",
    "container-registry delete": "hub",
    "gc": "",
    "completion": "bash",
}
"""What each command would take; the tests put one thing in it that is wrong."""

_PIPELINE: Final = {
    "flow.py:flwo": "Did you mean 'flow'?",
    "flwo.py": "Did you mean 'flow.py'?",
    "flow.py:flow --param dept=1": "Did you mean 'depth'?",
    "flow.py:flow --param depth=x": "depth",
    "flow.py:flow --param depth": "--param depth=",
    "flow.py:flow --stack mien": "Did you mean 'mine'?",
    "flow.py:flow --orchestrator workrs": "Did you mean 'workers'?",
    "flow.py:flow --config nothing.yaml": "nothing.yaml",
    "flow.py:flow --config steps.yaml": "steps.yaml, line 2, steps.oen: there is no step named 'oen'. Did you mean 'one'?",
    "flow.py:flow --config options.yaml": "Did you mean 'timeout'?",
    "flow.py:flow --allow-degraded gpuu": "Did you mean 'gpu'?",
}
_RUN: Final = {"3f9ad2c1": "there is no run '3f9ad2c1'", "lats": "there is no run 'lats'"}
_SCHEDULE: Final = {"dayly": "schedule"}

WRONG: Final = {
    "run": {**_PIPELINE, "flow.py:flow --tag ''": "tag", "flow.py:flow --note ''": "note"},
    "compile": {
        **{f"{line} -o out": says for line, says in _PIPELINE.items()},
        "flow.py:flow -o flow.py": "flow.py",
    },
    "diff": {**_PIPELINE, "flow.py:flow --against nothing": "nothing"},
    "schedule deploy": {
        **{line.replace(":flow ", ":daily "): says for line, says in _PIPELINE.items()},
        "flow.py:flow": "it has no schedule",
        "flow.py:daily": "local does not schedule",
    },
    "schedule list": {"--output yaml": "'json'"},
    "schedule describe": _SCHEDULE,
    "schedule update": {
        "dayly --every 36h": "schedule",
        "daily": "schedule",
        "dayly --cron x": "schedule",
    },
    "schedule pause": _SCHEDULE,
    "schedule resume": _SCHEDULE,
    "schedule delete": _SCHEDULE,
    "runs list": {
        "--status lost": "'failed'",
        "--limit 0": "--limit",
        "--schedule dayly": "schedule",
        "--stack mien": "Did you mean 'mine'?",
        "--stack mine --store bucket": "two ways",
        "--store bukket": "Did you mean 'bucket'?",
    },
    "runs describe": _RUN,
    "runs logs": {**_RUN, "last onee": "Did you mean 'one'?"},
    "runs why": _RUN,
    "runs watch": _RUN,
    "runs stop": _RUN,
    "runs resume": {
        **_RUN,
        **{f"last {line}": says for line, says in _PIPELINE.items() if "--config" not in line},
        "last --stack mien": "Did you mean 'mine'?",
        "last --allow-degraded gpuu": "Did you mean 'gpu'?",
        "last --param depth=2": "Name the file, too",
        "last flow.py:daily": "cannot be resumed as another",
        "last flow.py:flow --param depth=2 --no-wait": "Leave it out.",
    },
    "runs tag": {
        "lats add x": "there is no run",
        "last ad x": "'add'",
        "last remove goood": "there is no tag named 'goood'",
        "last add ''": "tag",
    },
    "runs note": {"lats hello": "there is no run", "last ''": "note"},
    "runs delete": {
        "lats --yes": "there is no run",
        "": "Name runs",
        "last": "--yes",
        "--older-than soon": "soon",
        "--status running --yes": "'failed'",
    },
    "artifact list": _RUN,
    "artifact download": {
        "lats one": "there is no run",
        "last onee": "Did you mean 'one'?",
        "last one:outptu": "Did you mean 'output'?",
        "last": "STEP",
        "0" * 64: "skylift artifact list",
        "last one -o flow.py": "--force",
    },
    "init": {"": "there is one already", "other --name 'a b'": "--name NAME", "flow.py": "flow.py"},
    "integration list": {"--output yaml": "'json'"},
    "integration install": {"kubernets": "Did you mean 'kubernetes'?"},
    "integration uninstall": {"kubernets": "Did you mean 'kubernetes'?", "kubernetes": "not installed"},
    "stack list": {"--output yaml": "'json'"},
    "stack describe": {"mien": "Did you mean 'mine'?"},
    "stack set": {"mien": "Did you mean 'mine'?"},
    "stack register": {
        "new": "--orchestrator=default",
        "mine -o default": "skylift stack update mine",
        "new -o workrs": "Did you mean 'workers'?",
        "new -o lokal": "Did you mean 'local'?",
        "'a b' -o default": "a b",
    },
    "stack copy": {"mien new": "Did you mean 'mine'?", "default mine": "skylift stack update mine"},
    "stack update": {
        "mien -o default": "Did you mean 'mine'?",
        "mine": "-o NAME",
        "mine -o lokal": "Did you mean 'local'?",
        "mine -a bukket": "Did you mean 'bucket'?",
        "default -o workers": "skylift stack copy default",
    },
    "stack delete": {"mien": "Did you mean 'mine'?", "default": "skylift stack copy default"},
    "stack validate": {"mien": "Did you mean 'mine'?"},
    "orchestrator register": {
        "new --flavor=locl": "Did you mean 'local'?",
        "new --flavor=local --max_paralelism=2": "Did you mean 'max_parallelism'?",
        "new --flavor=local --max_parallelism=many": "max_parallelism",
        "new --flavor=local --max_parallelism": "--max_parallelism=value",
        "new --flavor=local stray": "--name=value",
        "workers --flavor=local": "skylift orchestrator update workers",
    },
    "orchestrator update": {
        "workrs --max_parallelism=2": "Did you mean 'workers'?",
        "workers": "skylift orchestrator describe workers",
        "workers --remove nothing": "nothing",
        "default --max_parallelism=2": "Register one of your own",
    },
    "orchestrator list": {"--output yaml": "'json'"},
    "orchestrator describe": {"workrs": "Did you mean 'workers'?"},
    "orchestrator delete": {"workrs": "Did you mean 'workers'?", "default": "Register one of your own"},
    "orchestrator flavor list": {"--output yaml": "'json'"},
    "orchestrator flavor describe": {"locl": "Did you mean 'local'?"},
    "orchestrator flavor register": {
        "Flavor": "module.Class",
        "nowhere.Flavor": "cannot be imported",
        "flow.one": "Subclass it",
    },
    "artifact-store register": {
        "new": "--uri=",
        "new --uri=s4://b": "s3://bucket/path",
        "new --uri=s3://b --regoin=x": "Did you mean 'region'?",
        "new --uri=s3://b --secret_access_key=abc": "${env:",
        "bucket --uri=s3://b": "skylift artifact-store update bucket",
    },
    "artifact-store update": {"bukket --region=x": "Did you mean 'bucket'?", "bucket": "describe bucket"},
    "artifact-store list": {"--output yaml": "'json'"},
    "artifact-store describe": {"bukket": "Did you mean 'bucket'?"},
    "artifact-store delete": {"bukket": "Did you mean 'bucket'?", "bucket": "skylift stack update mine"},
    "container-registry register": {"new": "uri", "new --uri=https://hub": "scheme"},
    "container-registry update": {"hbu --uri=a": "Did you mean 'hub'?", "hub": "describe hub"},
    "container-registry list": {"--output yaml": "'json'"},
    "container-registry describe": {"hbu": "Did you mean 'hub'?"},
    "container-registry delete": {"hbu": "Did you mean 'hub'?"},
    "gc": {"--grace 1h": "at least 24 h", "--grace soon": "soon", "--store bukket": "Did you mean 'bucket'?"},
    "completion": {"tcsh": "'bash'"},
}
"""Command → what is typed wrong after it → what the sentence on stderr names."""

VARIABLES: Final = {
    (
        "SKYLIFT_PARAM_DEPT",
        "1",
    ): "SKYLIFT_PARAM_DEPT: there is no parameter named 'dept'. Did you mean 'depth'?",
    ("SKYLIFT_PARAM_DEPTH", "x"): "SKYLIFT_PARAM_DEPTH, parameter 'depth'",
    ("SKYLIFT_PARAM_depth", "1"): "Write SKYLIFT_PARAM_DEPTH.",
}
"""Variable and its value → what the sentence of a command that calls a pipeline names."""

READS_NO_TOML: Final = {"init", "completion", "integration uninstall"}
"""Commands that a damaged skylift.toml is nothing to."""

NEEDS_THE_RECORD: Final = (
    "runs describe last",
    "runs logs last",
    "runs why last",
    "runs watch last",
    "runs stop last",
    "runs resume last",
    "runs tag last add good",
    "runs note last hello",
    "artifact list last",
    "artifact download last one",
    "diff flow.py:flow --against last",
    "gc",
)
"""What a run cannot be looked at without its record."""
