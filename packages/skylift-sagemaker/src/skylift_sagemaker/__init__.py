"""Skylift's plugin for Amazon SageMaker Pipelines.

A host finds `flavor` by its entry point; nothing is loaded here.
"""
