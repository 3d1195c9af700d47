"""The process that carries one step of a pipeline: ``python -m azureml_emulator.pipeline.driver``.

It speaks as :mod:`azureml_emulator.batch.driver` does.
"""

from __future__ import annotations

from azureml_emulator.batch.command_spec import CommandSpec
from azureml_emulator.batch.driver import serve
from azureml_emulator.pipeline.command import CommandJob

if __name__ == "__main__":
    serve(lambda document, control: CommandJob(CommandSpec.from_document(document), control))
