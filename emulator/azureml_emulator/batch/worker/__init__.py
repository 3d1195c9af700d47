"""The process that runs a user's scoring script. Standard library only, Python 3.8 and later.

It is started by file name under the *environment's* interpreter, where this package is not installed: ``__main__``
imports these modules by their place and takes that place off ``sys.path`` again. Two pipes, whose descriptors are
its arguments, carry length-prefixed JSON; the standard streams belong to the user's script and go to its log files.

Commands, in this order: ``setup`` (once), ``run`` (any number), ``shutdown``. Every ``setup`` and ``run`` is
answered by exactly one frame: ``ready``, ``result`` or ``error``. The contract towards the script (``init``,
``run``, ``shutdown``, what ``run`` may return) is that of Azure ML's batch scoring scripts.
"""
