"""A container that sets itself up: what a step needs is installed at its start, into any image with Python.

For plugins: `locking` finds the versions when a run is submitted, `command` makes the argv, and
`program` is what then runs in the container.
"""
