"""Kubeflow's PipelineSpec of a Skylift pipeline, as plain data.

Nothing in it is a platform's own: what differs between those that read the document is an argument.
"""
