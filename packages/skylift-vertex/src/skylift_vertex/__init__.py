"""Skylift's plugin for Vertex AI Pipelines.

A host finds `flavor` by its entry point; nothing is loaded here.
"""
