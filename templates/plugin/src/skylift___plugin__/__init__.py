"""Skylift's plugin for __Plugin__.

A host finds `flavor` by its entry point; nothing is loaded here.
"""
