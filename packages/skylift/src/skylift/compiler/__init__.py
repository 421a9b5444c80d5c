"""From a pipeline's function to a snapshot: trace, graph, configuration, sources."""
