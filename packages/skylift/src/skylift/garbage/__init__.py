"""Deleting runs, and then what nothing needs any more."""
