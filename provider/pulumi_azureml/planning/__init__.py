"""Plans: what `pulumi up` would do, read from `pulumi preview --json` and told in the words of machine learning."""

from __future__ import annotations
