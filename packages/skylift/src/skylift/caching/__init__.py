"""Taking a step's outputs from an earlier run, where it would make the same."""
