"""Which endpoint and workspace a command is about: from its options, the environment, or the stack."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pulumi_azureml.arm import ArmClient, ConfigError, NotFoundError, Settings

from .errors import StackError
from .stack import ENDPOINT_OUTPUTS, SCORING_URI_OUTPUTS, Stack, endpoint_output


@dataclass(frozen=True)
class TargetOptions:
    """The options that name stack, endpoint and workspace.

    Attributes:
        stack: the stack's name; the selected one when ``None``.
        cwd: the Pulumi project's folder.
        endpoint: the endpoint by name, instead of the stack's output.
        scoring_uri: the endpoint by invocation URL, instead of the stack's output.
        endpoint_output: the stack output that holds the scoring URI or the endpoint's name.
        environment: environment variables; the process's own when ``None``.
    """

    stack: str | None = None
    cwd: Path = field(default_factory=Path.cwd)
    endpoint: str | None = None
    scoring_uri: str | None = None
    endpoint_output: str | None = None
    environment: Mapping[str, str] | None = None


class Target:
    """Finds out what the options leave open, asking Pulumi only for what is needed."""

    def __init__(self, options: TargetOptions, stack: Stack | None = None) -> None:
        self._options = options
        self._stack = stack or Stack(options.stack, options.cwd)

    def settings(self) -> Settings:
        """The workspace: of the stack where there is one, else of the environment alone.

        Raises:
            StackError: the environment does not say enough, and the stack cannot be read.
            ConfigError: neither says enough.
        """
        in_project = self._in_project()
        named = self._options.endpoint or self._options.scoring_uri
        if self._options.stack is None and (named or not in_project):
            try:
                return Settings.from_mapping({}, self._options.environment)
            except ConfigError as error:
                if not in_project:
                    raise StackError(
                        f"There is no Pulumi project in {self._options.cwd.absolute()} or above it, and the "
                        "environment does not name a workspace. Run the command in the project's folder, name that "
                        f"with --cwd FOLDER, or set the variables: azureml-stack --help lists them.\n{error}"
                    ) from None
        return Settings.from_mapping(self._stack.configuration(), self._options.environment)

    def settings_and_scoring_uri(self) -> tuple[Settings, str]:
        """The workspace and the endpoint's invocation URL.

        Raises:
            StackError, ConfigError: see :meth:`settings`; or there is no endpoint of that name.
        """
        if self._options.scoring_uri:
            return self.settings(), self._options.scoring_uri
        if self._options.endpoint:
            settings = self.settings()
            return settings, read_scoring_uri(ArmClient.from_settings(settings), self._options.endpoint)
        settings, found = self._settings_and_output()
        if found.startswith("https://"):
            return settings, found
        return settings, read_scoring_uri(ArmClient.from_settings(settings), found)

    def real_time(self) -> tuple[Settings, str]:
        """The workspace and a real-time endpoint's name or scoring URI: the options, or the stack's output.

        Raises:
            StackError, ConfigError: see :meth:`settings`.
        """
        named = self._options.endpoint or self._options.scoring_uri
        if named:
            return self.settings(), named
        return self._settings_and_output()

    def endpoint(self) -> str:
        """The endpoint's name: the option, or the stack's output."""
        if self._options.endpoint:
            return self._options.endpoint
        if self._options.scoring_uri:
            raise StackError("A scoring URI does not tell the endpoint's name: pass --endpoint NAME.")
        names = ENDPOINT_OUTPUTS
        return endpoint_output(self._stack.outputs(), self._stack, self._options.endpoint_output, names)

    def _settings_and_output(self) -> tuple[Settings, str]:
        with ThreadPoolExecutor(1) as pool:  # two runs of pulumi, half a second each: at the same time
            outputs = pool.submit(self._stack.outputs)
            settings = self.settings()
            names = (*SCORING_URI_OUTPUTS, *ENDPOINT_OUTPUTS)
            return settings, endpoint_output(outputs.result(), self._stack, self._options.endpoint_output, names)

    def _in_project(self) -> bool:
        cwd = self._options.cwd.absolute()
        folders = (cwd, *cwd.parents)
        return any((folder / name).is_file() for folder in folders for name in ("Pulumi.yaml", "Pulumi.yml"))


def read_scoring_uri(client: ArmClient, endpoint: str) -> str:
    """The invocation URL of the batch endpoint ``endpoint``.

    Raises:
        StackError: there is no such endpoint in the workspace, or it has no invocation URL yet.
    """
    resource = f"{client.settings.workspace_id}/batchEndpoints/{endpoint}"
    try:
        body = client.request("GET", resource, operation=f"find batch endpoint {endpoint}").body
    except NotFoundError as error:
        own = client.settings
        raise StackError(
            f"There is no batch endpoint '{endpoint}' in workspace '{own.workspace}' (resource group "
            f"'{own.resource_group}', {own.arm_endpoint}). Check the name, or create it with `pulumi up`."
        ) from error
    uri = body["properties"].get("scoringUri")
    if not uri:
        state = body["properties"].get("provisioningState")
        raise StackError(f"Batch endpoint '{endpoint}' is {state} and has no scoring URI yet: try again later.")
    return str(uri)
