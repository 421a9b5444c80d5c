"""Vertex AI on this machine: its REST API on loopback, and compiled pipelines that really run.

It knows what came over the wire, and nothing of the plugin. What it cannot show: images (a job runs in
this machine's Python), machines, service accounts, networks, gRPC, the pauses of retries, and what
preemption costs.
"""

from skylift_vertex.emulator.server import VertexEmulator

__all__ = ["VertexEmulator"]
