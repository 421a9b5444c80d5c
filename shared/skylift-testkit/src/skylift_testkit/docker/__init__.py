"""A real Docker Engine for tests, and an image that steps run in, made without any registry.

The fixtures are in `plugin`, which pytest loads by itself: `docker_engine` and `skylift_image`.
"""
