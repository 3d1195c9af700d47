"""Import: what exists in a workspace as a file for `pulumi import --file` and the program that declares it.

`importing.command` has the entry point; this module loads nothing, for the command line asks it for its errors.
"""
