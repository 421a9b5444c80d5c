"""From a call of a pipeline to a run."""
