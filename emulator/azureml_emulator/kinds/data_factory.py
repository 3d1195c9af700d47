"""Data factories with their pipelines and linked services: kept and checked, never run.

Source: Data Factory's REST API 2018-06-01.
"""

from __future__ import annotations

from typing import Any

from azureml_emulator.arm.kind import Kind, NameRule, Patch, Properties, Target, Tracked
from azureml_emulator.arm.schema import Body, NewTags
from azureml_emulator.data_factory.pipeline import NotSupportedError, linked_services, problems
from azureml_emulator.http import ServiceError
from azureml_emulator.kinds.workspace import GROUP
from azureml_emulator.store import Document

API_VERSIONS = ("2018-06-01",)
_NAMES = NameRule.of(
    r"[A-Za-z0-9_][^<>*#.%&:\\+?/]{0,259}",
    r"1 to 260 characters without <>*#.%&:\+?/, starting with a letter, digit or '_'",
)
_AZURE_ML = "AzureMLService"
_NEEDED = ("subscriptionId", "resourceGroupName", "mlWorkspaceName")
_MORE = ("authentication", "servicePrincipalId", "servicePrincipalKey", "tenant", "encryptedCredential")


class FactoryProperties(Body):
    """The properties of a factory that the emulator keeps."""

    public_network_access: str | None = None


class FactoryBody(Tracked):
    """PUT of a factory."""

    properties: FactoryProperties = FactoryProperties()


class FactoryPatch(Body):
    """PATCH of a factory."""

    tags: NewTags = None


def _factory(target: Target, body: Any) -> Properties:
    old = (target.old or {}).get("properties", {})
    return {
        "provisioningState": "Succeeded",
        "createTime": old.get("createTime", target.emulator.clock.timestamp()),
        "version": API_VERSIONS[0],
        **{key: value for key, value in body.properties.dump().items() if value is not None},
    }


def _patch(_target: Target, old: Document, body: Any) -> Document:
    return {**old, "tags": old.get("tags", {}) if body.tags is None else body.tags}


FACTORY = Kind(
    place="providers/Microsoft.DataFactory/factories/{factory}",
    body=FactoryBody,
    owner=GROUP,
    names=NameRule.of(
        r"(?=.{3,63}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
        "3 to 63 letters, digits and single '-' between them",
    ),
    prepare=_factory,
    patch=Patch(FactoryPatch, _patch),
    api_versions=API_VERSIONS,
)


class DocumentBody(Body):
    """PUT of what a factory holds."""

    properties: dict[str, Any]


def _bad(message: str, target: str | None = None, details: Any = ()) -> ServiceError:
    return ServiceError(400, "BadRequest", message, target, details)


def _pipeline(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties
    try:
        found = list(problems(properties))
    except NotSupportedError as error:
        raise ServiceError(501, "NotImplemented", f"The emulator does not support {error}.") from error
    if found:
        details = [
            {
                "code": "BadRequest",
                "message": f"'properties.{problem.path}' {problem.text}.",
                "target": f"properties.{problem.path}",
            }
            for problem in found
        ]
        text = " ".join(detail["message"] for detail in details)
        raise _bad(
            f"Invalid resource request. Resource type: 'Pipeline', Resource name: '{target.name}' 'Error: {text}'.",
            details[0]["target"],
            details,
        )
    factory = target.id.rpartition("/pipelines/")[0]
    for name in linked_services(properties):
        if target.emulator.store.get(f"{factory}/linkedservices/{name}") is None:
            raise _bad(f"The document creation or update failed because of invalid reference '{name}'.", target.id)
    return properties


PIPELINE = Kind(
    place="pipelines/{pipeline}",
    body=DocumentBody,
    owner=FACTORY,
    names=_NAMES,
    prepare=_pipeline,
    api_versions=API_VERSIONS,
)


def _linked_service(_target: Target, body: Any) -> Properties:
    properties: Properties = body.properties
    kind = properties.get("type")
    if not kind:
        raise _bad("'properties.type' is required.", "properties.type")
    if kind != _AZURE_ML:
        raise ServiceError(
            501, "NotImplemented", f"The emulator does not support linked services of the type '{kind}'."
        )
    given = properties.get("typeProperties") or {}
    if not isinstance(given, dict):
        raise _bad("'properties.typeProperties' must be an object.", "properties.typeProperties")
    for key in _NEEDED:
        if not given.get(key):
            path = f"properties.typeProperties.{key}"
            raise _bad(
                f"Invalid linked service payload, the value for the property '{key}' is invalid or missing.", path
            )
    for key in given:
        if key not in {*_NEEDED, *_MORE}:
            raise _bad(f"'{key}' is not a property of {_AZURE_ML}.", f"properties.typeProperties.{key}")
    secret = given.get("servicePrincipalKey")
    if isinstance(secret, dict) and secret.get("type") == "SecureString":
        # As the service does, the key is taken and never answered.
        kept = {key: value for key, value in given.items() if key != "servicePrincipalKey"}
        return {**properties, "typeProperties": kept}
    return properties


def _in_use(target: Target, document: Document) -> None:
    factory = target.id.rpartition("/linkedservices/")[0]
    for pipeline in target.emulator.store.list(PIPELINE.name, factory):
        if document["name"].lower() in {name.lower() for name in linked_services(pipeline["properties"])}:
            raise _bad(f"The document cannot be deleted since it is referenced by {pipeline['name']}.", target.id)


LINKED_SERVICE = Kind(
    place="linkedservices/{service}",
    body=DocumentBody,
    owner=FACTORY,
    names=_NAMES,
    prepare=_linked_service,
    keep_back=_in_use,
    api_versions=API_VERSIONS,
)
