"""Skylift's plugin for Docker.

A host finds `flavor` by its entry point; nothing is loaded here.
"""
