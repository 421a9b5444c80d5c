"""What several of this package's tests stand on: stores, servers on loopback, faults.

On `sys.path` by the root's `[tool.pytest.ini_options] pythonpath`.
"""
