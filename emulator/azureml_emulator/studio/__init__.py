"""The local studio: what the emulator holds and runs, as pages for a browser.

Rendered on the server with Jinja2; what it serves comes from the emulator alone. Who may see it: :mod:`.sessions`
and :mod:`.guard`.
"""
