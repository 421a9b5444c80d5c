from __future__ import annotations

from skylift_tests_support.stores import (
    any_store,
    azure_server,
    azure_store,
    clean_environment,
    file_store,
    gcs_server,
    gcs_store,
    memory_store,
    s3_server,
    s3_store,
)

__all__ = [
    "any_store",
    "azure_server",
    "azure_store",
    "clean_environment",
    "file_store",
    "gcs_server",
    "gcs_store",
    "memory_store",
    "s3_server",
    "s3_store",
]
