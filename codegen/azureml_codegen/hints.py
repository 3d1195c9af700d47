"""What a client tells its user to do about an answer, by status. Written into every client."""

from __future__ import annotations

from .endpoint import Endpoint

_AGAIN = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once."


def hints(endpoint: Endpoint) -> dict[int, str]:
    """A sentence for each status that a caller can do something about."""
    name = endpoint.name
    if endpoint.kind != "real-time":
        return {
            401: "The token was refused: sign in again, to the tenant of the workspace.",
            403: "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
            404: f"The endpoint {name}, its deployment or the job is not there: see the endpoint in the workspace.",
            429: _AGAIN,
            503: _AGAIN,
        }
    expired = {
        "key": "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: "
        f"az ml online-endpoint get-credentials --name {name}",
        "aml-token": "The token was refused: whoever is signed in may not score with this endpoint.",
        "entra": "The token was refused: sign in again, to the tenant of the workspace.",
    }
    return {
        401: expired[endpoint.auth],
        403: "The one who is signed in may not score with this endpoint.",
        404: f"The endpoint {name} has no such deployment, or none with traffic.",
        408: "Scoring took longer than the deployment's request_timeout: send less at once, or allow it more time.",
        413: "The body is too large: send less at once.",
        424: f"The model's own code failed; its log says why: az ml online-deployment get-logs --endpoint-name {name}",
        429: _AGAIN,
        503: _AGAIN,
    }
