"""Pipelines: components, the graph of their jobs, and the runs of it behind a batch endpoint."""
