"""Subscriptions and tenants, as the Azure CLI asks for them when it signs in."""

from __future__ import annotations

from azureml_emulator.http import Call, Reply, Route, ServiceError
from azureml_emulator.settings import SUBSCRIPTION_ID, TENANT_ID
from azureml_emulator.store import Document


def _document(subscription: str) -> Document:
    name = "Azure ML emulator" if subscription == SUBSCRIPTION_ID else subscription
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": TENANT_ID,
        "displayName": name,
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }


def _list(_call: Call) -> Reply:
    return Reply({"value": [_document(SUBSCRIPTION_ID)]})


def _get(call: Call) -> Reply:
    """The emulator's own subscription, or another one in which somebody has made a resource group."""
    asked = call.params["subscription"].lower()
    if asked != SUBSCRIPTION_ID and not call.emulator.store.list("resourceGroups", f"/subscriptions/{asked}"):
        raise ServiceError(404, "SubscriptionNotFound", f"The subscription '{asked}' could not be found.")
    return Reply(_document(asked))


def _tenants(_call: Call) -> Reply:
    return Reply({"value": [{"id": f"/tenants/{TENANT_ID}", "tenantId": TENANT_ID, "displayName": "emulator"}]})


ROUTES = (
    Route("GET", "/subscriptions", _list, "arm", "subscriptions"),
    Route("GET", "/subscriptions/{subscription}", _get, "arm", "subscriptions"),
    Route("GET", "/tenants", _tenants, "arm", "tenants"),
)
