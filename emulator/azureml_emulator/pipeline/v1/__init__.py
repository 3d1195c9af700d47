"""The first REST interface of pipelines, for callers that cannot change: a pipeline endpoint's runs by its id."""
