"""The default deployment is read back after it was set, and compared."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_azureml.arm import Answer, OperationFailedError, Settings
from pulumi_azureml.arm.memory import Memory
from pulumi_azureml.engine import Context, check, lifecycle_of
from pulumi_azureml.resources import DEFAULT_DEPLOYMENT

SETTINGS = Settings("00000000-0000-0000-0000-000000000001", "g", "w", "eastus", "https://arm.test")


def endpoint(default: str) -> dict[str, Any]:
    return {"location": "eastus", "properties": {"defaults": {"deploymentName": default} if default else {}}}


class Service:
    """An endpoint whose default is `kept` whatever is sent to it."""

    def __init__(self, kept: str, *, lasting: bool) -> None:
        self.settings, self.clock, self.memory = SETTINGS, self, Memory(self)
        self.kept, self.headers = kept, {"Azure-AsyncOperation": "https://h/op"} if lasting else {}
        self.sent: list[Any] = []

    def now(self) -> float:
        return 0.0

    def request(self, method: str, url: str, json: Any = None, **_options: Any) -> Answer:
        if method == "PUT":
            self.sent.append(json["properties"]["defaults"])
            return Answer(200, json, self.headers)
        if url.startswith("https://"):
            return Answer(200, {"status": "Succeeded"}, {})
        return Answer(200, endpoint(self.kept if self.sent else ""), {})


def set_default(service: Service) -> None:
    checked = check(DEFAULT_DEPLOYMENT, {"endpoint": "e", "deployment": "green"}, SETTINGS, owner="p/s/default")
    context = Context(service, "p", "s", "default")  # type: ignore[arg-type]  # as much of a client as is asked
    lifecycle_of(DEFAULT_DEPLOYMENT).create(checked.inputs, context)


@pytest.mark.parametrize("lasting", [False, True])
def test_what_reads_as_it_was_set_is_set(*, lasting: bool) -> None:
    service = Service("green", lasting=lasting)
    set_default(service)
    assert service.sent == [{"deploymentName": "green"}]


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize(("kept", "told"), [("blue", "blue"), ("", "nothing")])
def test_what_reads_otherwise_than_it_was_set_is_an_error(kept: str, told: str, *, lasting: bool) -> None:
    with pytest.raises(OperationFailedError, match=f"it was set to green but reads {told}"):
        set_default(Service(kept, lasting=lasting))
