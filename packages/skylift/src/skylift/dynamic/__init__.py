"""Dynamic pipelines: the pipeline's function runs, and its calls are what the run is made of."""
