"""The batch runtime: jobs, mini-batches, workers, outputs and logs of batch endpoints.

``manager`` and ``routes`` live in the emulator's process. Everything else runs in one *driver* process per
job (``driver``), which in turn starts *worker* processes (``worker``) under the job's own environment.
"""
