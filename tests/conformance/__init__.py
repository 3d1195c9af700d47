"""Conformance: what the official client and this project make of the same workspace."""
