"""The JSON interface under /api/v1: one module a subject, each a set of request handlers."""
