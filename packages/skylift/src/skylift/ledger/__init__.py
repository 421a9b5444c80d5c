"""The append-only records of runs, in the object store that holds their artifacts."""
