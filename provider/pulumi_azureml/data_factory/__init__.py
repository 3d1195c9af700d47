"""Data Factory pipelines that run an endpoint, as JSON: for a file, a stack's output, or a resource.

from pulumi_azureml import data_factory

document = data_factory.pipeline("nightly", scoring_uri=uri, inputs={"images": {"type": "uri_folder"}})

Pure: nothing here asks a service.
"""

from __future__ import annotations

from .check import DataFactoryError, Problem, problems
from .documents import linked_service, pipeline
from .run import Run

__all__ = ["DataFactoryError", "Problem", "Run", "linked_service", "pipeline", "problems"]
