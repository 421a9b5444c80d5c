"""What a pipeline's author writes: steps, pipelines, and calls of one in the other.

Nothing here loads pydantic: `from skylift import step, pipeline` stays as light as the
functions it decorates, and what was written is validated when a pipeline is compiled.
"""
