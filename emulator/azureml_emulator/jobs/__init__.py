"""The addresses of jobs, whichever kind of deployment runs them: scoring, ARM, run history, listing, OpenAPI."""
