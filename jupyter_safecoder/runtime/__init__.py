"""The runtime process: loads a model, schedules requests on it, serves them over HTTP."""
