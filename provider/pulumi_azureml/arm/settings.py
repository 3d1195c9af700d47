"""Where a stack's resources live: the `azureml:` configuration, checked as a whole."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import urlsplit

from .errors import ConfigError
from .resource_id import ResourceId

NAMESPACE = "Microsoft.MachineLearningServices"
DEFAULT_API_VERSION = "2024-04-01"
_OTHER_API_VERSIONS = {"Microsoft.DataFactory": "2018-06-01"}
"""Those of resource providers other than machine learning's."""


@dataclass(frozen=True)
class Cloud:
    """An Azure cloud: its ARM endpoint, the audiences of its tokens, and who issues them (Azure's cloud metadata)."""

    arm_endpoint: str
    arm_audience: str
    ml_audience: str
    authority: str


STORAGE_SCOPE = "https://storage.azure.com/.default"
"""The OAuth scope of blobs, in every cloud."""
CLOUDS: Mapping[str, Cloud] = {
    "public": Cloud(
        "https://management.azure.com",
        "https://management.azure.com",
        "https://ml.azure.com",
        "https://login.microsoftonline.com",
    ),
    "usgovernment": Cloud(
        "https://management.usgovcloudapi.net",
        "https://management.usgovcloudapi.net",
        "https://ml.azure.us",
        "https://login.microsoftonline.us",
    ),
    "china": Cloud(
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
        "https://ml.azure.cn",
        "https://login.chinacloudapi.cn",
    ),
}

# configuration key -> environment variable that stands in when the stack does not say
_ENVIRONMENT = {
    "subscriptionId": "AZURE_SUBSCRIPTION_ID",
    "resourceGroup": "AZUREML_RESOURCE_GROUP",
    "workspace": "AZUREML_WORKSPACE",
    "location": "AZUREML_LOCATION",
    "armEndpoint": "AZUREML_ARM_ENDPOINT",
    "apiVersion": "AZUREML_API_VERSION",
    "cloud": "AZUREML_CLOUD",
    "defaultTags": "AZUREML_DEFAULT_TAGS",
    "apiVersions": "AZUREML_API_VERSIONS",
}
_REQUIRED = {
    "subscriptionId": "the subscription's id, a GUID",
    "resourceGroup": "the resource group's name",
    "workspace": "the workspace's name",
    "location": "the workspace's region, such as westeurope",
}
# What is deployed, and by which rules, is the stack's own affair: no environment variable stands in for these.
_OF_THE_STACK = ("mode", "user", "release", "settings")
KEYS = (*_ENVIRONMENT, *_OF_THE_STACK)

Mode = Literal["", "development", "production"]
_MODES = ("development", "production")

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")


@dataclass(frozen=True)
class Settings:
    """A workspace, the way to it, and the rules of the environment that it is. No credential is ever part of it.

    Attributes:
        mode: `development`, `production`, or none: a preset of rules.
        user: whose names the resources bear in development; empty in other modes.
        release: the release that the stack deploys, as `azureml:release` names it; empty for local content.
        overrides: inputs by kind that win over the program's, as JSON: the stack's `azureml:settings`.
    """

    subscription_id: str
    resource_group: str
    workspace: str
    location: str
    arm_endpoint: str
    api_version: str = DEFAULT_API_VERSION
    cloud: str = "public"
    default_tags: tuple[tuple[str, str], ...] = ()
    api_versions: tuple[tuple[str, str], ...] = ()
    mode: Mode = ""
    user: str = ""
    release: str = ""
    overrides: str = ""

    @classmethod
    def from_mapping(cls, values: Mapping[str, str | None], environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from the stack's `azureml:` configuration (keys without that prefix).

        What the stack does not set is taken from the environment (AZURE_SUBSCRIPTION_ID,
        AZUREML_RESOURCE_GROUP, AZUREML_WORKSPACE, …); `armEndpoint` defaults to the cloud's. `defaultTags`
        `apiVersions` (by collection, such as `computes`) and `settings` (inputs by kind, such as `Compute`) are
        mappings, which the host hands over as JSON.

        Raises:
            ConfigError: listing everything that is missing or malformed, with the command that sets it.
        """
        environ = os.environ if environment is None else environment
        found = {key: (values.get(key) or environ.get(_ENVIRONMENT.get(key, "")) or "").strip() for key in KEYS}
        problems = [
            f"azureml:{key} is not set: {what}. Set it with `pulumi config set azureml:{key} …`"
            for key, what in _REQUIRED.items()
            if not found[key]
        ]
        cloud = found["cloud"] or "public"
        if cloud not in CLOUDS:
            problems.append(f"azureml:cloud is {cloud!r}: use one of {', '.join(CLOUDS)}")
        problems += _malformed(found)
        tags = _mapping(found, "defaultTags", problems)
        versions = _mapping(found, "apiVersions", problems)
        user = _user(found, environ) if found["mode"] == "development" else ""
        if found["mode"] == "development" and not user:
            problems.append("azureml:mode is development, where names begin with the user's: set azureml:user")
        if problems:
            raise ConfigError("The stack's Azure ML configuration is not complete:\n  - " + "\n  - ".join(problems))
        return cls(
            subscription_id=found["subscriptionId"],
            resource_group=found["resourceGroup"],
            workspace=found["workspace"],
            location=found["location"].replace(" ", "").lower(),
            arm_endpoint=(found["armEndpoint"] or CLOUDS[cloud].arm_endpoint).rstrip("/"),
            api_version=found["apiVersion"] or DEFAULT_API_VERSION,
            cloud=cloud,
            default_tags=tags,
            api_versions=versions,
            mode=cast("Mode", found["mode"]),
            user=user,
            release=found["release"],
            overrides=found["settings"],
        )

    def for_workspace(self, workspace_id: str) -> Settings:
        """The same way to Azure, to another workspace; ValueError when `workspace_id` is no ARM id of one."""
        parsed = ResourceId.parse(workspace_id)
        return replace(
            self,
            subscription_id=parsed.subscription,
            resource_group=parsed.resource_group,
            workspace=parsed.name,
        )

    @property
    def workspace_id(self) -> str:
        """The workspace's ARM id."""
        path = (("workspaces", self.workspace),)
        return str(ResourceId(self.subscription_id, self.resource_group, NAMESPACE, path))

    def id_of(self, path: str) -> str:
        """The ARM id of a path below the workspace, such as `computes/cpu`; registries are beside it, in its group."""
        base = self.workspace_id
        if path.startswith("registries/"):
            base = base.rsplit("/workspaces/", 1)[0]
        return f"{base}/{path}".rstrip("/")

    def api_version_of(self, resource: str) -> str:
        """The api-version for a request to an ARM id: that of its collection where the stack sets one."""
        for namespace, version in _OTHER_API_VERSIONS.items():
            if f"/providers/{namespace}/" in resource:
                return version
        collections = resource.split("/")[9::2]  # below the workspace, every other segment is a collection
        of_collection = dict(self.api_versions)
        return next((of_collection[name] for name in reversed(collections) if name in of_collection), self.api_version)

    @property
    def authority(self) -> str:
        """Who issues tokens: AZURE_AUTHORITY_HOST where the environment has it, else the cloud's own."""
        return os.environ.get("AZURE_AUTHORITY_HOST") or CLOUDS[self.cloud].authority

    def scope(self, audience: str) -> str:
        """The OAuth scope for `arm`, `ml` (the batch and real-time data plane) or `storage` (one for all clouds)."""
        if audience == "storage":
            return STORAGE_SCOPE
        cloud = CLOUDS[self.cloud]
        return f"{cloud.arm_audience if audience == 'arm' else cloud.ml_audience}/.default"


def _user(found: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """The user's name as it can be part of a resource's: of `Ada.Lovelace@example.com`, `adalovelace`."""
    text = found["user"] or environ.get("USER") or environ.get("USERNAME") or ""
    return re.sub(r"[^a-z0-9]", "", text.partition("@")[0].lower())[:12]


def _mapping(found: Mapping[str, str], key: str, problems: list[str]) -> tuple[tuple[str, str], ...]:
    """A mapping of texts out of the JSON in which the host hands over structured configuration."""
    if not found[key]:
        return ()
    try:
        parsed = json.loads(found[key])
    except json.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, dict) or not all(isinstance(value, str) and value for value in parsed.values()):
        problems.append(f"azureml:{key} is {found[key]!r}: it must be a mapping of names to texts that are not empty")
        return ()
    if key == "apiVersions":
        problems += [
            f"azureml:apiVersions.{name} is {version!r}: it must be a date such as {DEFAULT_API_VERSION!r}"
            for name, version in parsed.items()
            if not _API_VERSION.fullmatch(version)
        ]
    return tuple(sorted(parsed.items()))


def _is_overrides(text: str) -> bool:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError:
        return False
    return isinstance(parsed, dict) and all(isinstance(value, dict) for value in parsed.values())


def _malformed(found: Mapping[str, str]) -> list[str]:
    problems = []
    if found["subscriptionId"] and not _GUID.fullmatch(found["subscriptionId"]):
        problems.append(f"azureml:subscriptionId is {found['subscriptionId']!r}: it must be a GUID")
    if found["apiVersion"] and not _API_VERSION.fullmatch(found["apiVersion"]):
        problems.append(
            f"azureml:apiVersion is {found['apiVersion']!r}: it must be a date such as {DEFAULT_API_VERSION!r} "
            "(quote it in YAML)"
        )
    if found["mode"] and found["mode"] not in _MODES:
        problems.append(f"azureml:mode is {found['mode']!r}: use one of {', '.join(_MODES)}, or leave it out")
    if found["settings"] and not _is_overrides(found["settings"]):
        problems.append(
            f"azureml:settings is {found['settings']!r}: it must map kinds, or kind/logical-name, to inputs"
        )
    url = urlsplit(found["armEndpoint"])
    if found["armEndpoint"] and (url.scheme != "https" or not url.netloc):
        # Azure's credentials refuse to send a bearer token over plain http, and so do we.
        problems.append(f"azureml:armEndpoint is {found['armEndpoint']!r}: it must be an https:// address")
    return problems
