"""The routes of our own API. Routes in the formats of other services are in `api/dialects`."""
