"""An endpoint on the emulator, and its clients in every language, each written and built once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azureml_codegen import Endpoint, Kind, Workspace, generate
from azureml_emulator.testing import RunningEmulator
from clients.toolchains import Prepared, prepare
from emulator.batch_service import Endpoint as Deployed


@dataclass(frozen=True)
class Clients:
    """The clients of one batch or pipeline endpoint; they are kept in ``folder``."""

    deployed: Deployed
    kind: Kind
    folder: Path
    built: dict[Any, Prepared] = field(default_factory=dict)

    @property
    def emulator(self) -> RunningEmulator:
        return self.deployed.service.emulator

    @property
    def environment(self) -> dict[str, str]:
        return self.emulator.environment

    def endpoint(self, deployment: str | None = None) -> Endpoint:
        service = self.deployed.service
        found = service.call("GET", f"{service.workspace}/batchEndpoints/{self.deployed.name}").json()["properties"]
        document = service.call("GET", f"{found['swaggerUri']}?version=3", ml=True).json()
        workspace = Workspace(service.workspace, arm=self.emulator.origin, api=self.emulator.origin)
        return Endpoint(self.deployed.name, self.kind, found["scoringUri"], "entra", workspace, document, deployment)

    def of(self, language: str, deployment: str | None = None) -> Prepared:
        """The client in a language, ready to be run."""
        if (language, deployment) not in self.built:
            client = generate(self.endpoint(deployment), language)
            folder = self.folder / f"{language}-{len(self.built)}"
            self.built[language, deployment] = prepare(client, folder, self.emulator.home / "tls" / "ca.pem")
        return self.built[language, deployment]

    def busy(self, status: int, seconds: int) -> None:
        """Let the endpoint answer one request with a status, and the wish to wait."""
        fault = {"fault": "status", "path": "/inference/", "status": status, "retryAfter": seconds}
        self.emulator.control("POST", "/_emulator/faults", fault)
