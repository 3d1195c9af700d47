"""Write client code for an endpoint that is deployed.

client = generate_client(ArmClient.from_settings(settings), "digits", "python")
Path(client.file_name).write_text(client.text)

What the generators need is read from the workspace. The code that comes out holds addresses and no secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import InputError
from .generate_endpoint import describe

if TYPE_CHECKING:
    from azureml_codegen import Client
    from pulumi_azureml.arm import ArmClient


def generate_client(client: ArmClient, endpoint: str, language: str, *, deployment: str | None = None) -> Client:
    """Write a client for an endpoint of the client's workspace.

    Args:
        client: reads what is deployed.
        endpoint: the endpoint's name.
        language: ``python``, ``csharp``, ``r``, ``curl`` or ``javascript``.
        deployment: pin requests to this deployment; by default the endpoint chooses.

    Raises:
        InputError: there is no generator for the language, or the endpoint's document tells too little.
        StackError: there is no such endpoint, or nothing that serves behind it.
        ArmError: the service refused.
    """
    from azureml_codegen import CodegenError, check_language, generate  # noqa: PLC0415 - loads jinja2

    try:
        check_language(language)  # before anything is asked of the service
        return generate(describe(client, endpoint, deployment), language)
    except CodegenError as error:
        raise InputError(f"No client can be written for the endpoint '{endpoint}'. {error}") from error
