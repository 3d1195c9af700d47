"""Pipelines of Azure Data Factory: kept and checked as the service does, never run."""
