"""SageMaker on this machine: its API on loopback, and compiled pipelines that really run.

It knows what came over the wire, and nothing of the plugin. What it cannot show: images (a job runs in
this machine's Python), instances, roles, networks and the intervals of retry policies; and `/opt/ml`
where a process may have no mounts of its own (`skylift_testkit.emulator.process.shows_roots`), in which
case no job finds it.
"""

from skylift_sagemaker.emulator.server import SagemakerEmulator

__all__ = ["SagemakerEmulator"]
