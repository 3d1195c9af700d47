"""Releases: what one environment has tested, as a lock file that another one deploys byte by byte.

This module loads nothing: a stack without releases pays for none of it.
"""
