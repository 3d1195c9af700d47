"""The documents of a factory: a pipeline that runs an endpoint, and a linked service. Pure.

Sources: "Run batch endpoints from Azure Data Factory" (a Web activity with the factory's managed identity, then a loop
over the job's status), "Execute Azure Machine Learning pipelines in Azure Data Factory" (v1), "Expressions and
functions in Azure Data Factory", "Fail activity".
"""

from __future__ import annotations

from typing import Any

from .check import DATASTORE, DataFactoryError, Problem, problems, seconds
from .run import DATA_TYPES, LITERAL_TYPES, Port, Run, port

Document = dict[str, Any]

RUN, WAIT, READ, KEEP, PAUSE, OUTCOME, FAIL = (
    "Run job", "Wait for job", "Read status", "Keep status", "Pause", "Has it completed", "Fail",
)  # fmt: skip
STATUS = "status"
"""The pipeline's variable that holds the job's status."""
ENDED = ("Completed", "Failed", "Canceled")


def pipeline(name: str, run: Run | None = None, **what: Any) -> Document:
    """The document of a pipeline, `{"name", "properties"}`: as a factory's repository and ARM have it.

    Args:
        name: the pipeline's name.
        run: what it runs; or else the fields of :class:`Run` as arguments, such as `scoring_uri` and `inputs`.
        what: the fields of :class:`Run`.

    Raises:
        DataFactoryError: naming every field that is wrong.
    """
    run = run or Run(**what)
    if found := list(problems(run)):
        raise DataFactoryError(found)
    activities = [_execute_pipeline(run)] if run.is_v1 else _call_batch_endpoint(run)
    properties: Document = {"activities": activities, "parameters": _parameters(run)}
    if not run.is_v1:
        properties["variables"] = {STATUS: {"type": "String"}}
    if run.description:
        properties["description"] = run.description
    if run.folder:
        properties["folder"] = {"name": run.folder}
    return {"name": name, "properties": properties}


def linked_service(name: str, workspace_id: str) -> Document:
    """The document of the linked service by which a factory reaches a workspace, with its own managed identity.

    Raises:
        DataFactoryError: `workspace_id` is not a workspace's ARM id.
    """
    parts = workspace_id.strip("/").split("/")
    if len(parts) != 8 or parts[0].lower() != "subscriptions" or parts[6].lower() != "workspaces":  # noqa: PLR2004
        raise DataFactoryError([Problem("workspace_id", f"should be a workspace's ARM id, not {workspace_id!r}")])
    properties = {
        "type": "AzureMLService",
        "typeProperties": {
            "subscriptionId": parts[1],
            "resourceGroupName": parts[3],
            "mlWorkspaceName": parts[7],
            "authentication": "MSI",
        },
    }
    return {"name": name, "properties": properties}


# -- a batch endpoint ------------------------------------------------------------------------------------------


def _call_batch_endpoint(run: Run) -> list[Document]:
    address = run.scoring_uri.rstrip("/")
    status = f"variables('{STATUS}')"
    reached = [f"equals({status}, '{state}')" for state in ENDED]
    # The same id for every try of one run: the service then starts one job, however often it is asked.
    headers = {"Content-Type": "application/json", "repeatability_request-id": "@pipeline().RunId"}
    if run.deployment:
        headers["azureml-model-deployment"] = run.deployment
    poll = f"concat({_quoted(address + '/')}, activity('{RUN}').output.name)"
    within = [
        _web(run, READ, "GET", _expression(poll)),
        _set_variable(KEEP, STATUS, f"activity('{READ}').output.properties.status", after=READ),
        {**_activity(PAUSE, "Wait", after=KEEP), "typeProperties": {"waitTimeInSeconds": run.poll_seconds}},
    ]
    told = (
        f"concat('Job ', activity('{RUN}').output.name, ' of ', {_quoted(address)}, ' ended as ', {status}, "
        f"'. What to do: azureml-stack logs ', activity('{RUN}').output.name)"
    )
    fail = {
        **_activity(FAIL, "Fail"),
        "typeProperties": {"message": _expression(told), "errorCode": _expression(f"concat('Job', {status})")},
    }
    return [
        _web(run, RUN, "POST", plain(address), headers=headers, body={"properties": _invocation(run)}),
        {
            **_activity(WAIT, "Until", after=RUN),
            "typeProperties": {
                "expression": _expression(f"or(or({reached[0]}, {reached[1]}), {reached[2]})"),
                "activities": within,
                "timeout": timespan(seconds(run.timeout)),
            },
        },
        {
            **_activity(OUTCOME, "IfCondition", after=WAIT),
            "typeProperties": {"expression": _expression(reached[0]), "ifFalseActivities": [fail]},
        },
    ]


def _invocation(run: Run) -> Document:
    """The properties of the job, where every input and output is a parameter of the pipeline."""
    inputs = {name: _job_input(name, port(given)) for name, given in run.inputs.items()}
    outputs = {
        name: {"jobOutputType": DATA_TYPES[port(given).type], "uri": _parameter(name)}
        for name, given in run.outputs.items()
    }
    body: Document = {"inputData": inputs, "outputData": outputs}
    if run.experiment:
        body["properties"] = {"experimentName": plain(run.experiment)}
    return body


def _job_input(name: str, given: Port) -> Document:
    if given.is_literal:
        return {"jobInputType": "Literal", "value": _parameter(name)}
    return {"jobInputType": DATA_TYPES[given.type], "uri": _parameter(name)}


def _web(run: Run, name: str, method: str, url: Any, **more: Any) -> Document:
    policy = {"timeout": "0.00:10:00", "retry": 3, "retryIntervalInSeconds": 30}
    authentication = {"type": "MSI", "resource": run.audience}
    properties = {"method": method, "url": url, **more, "authentication": authentication}
    return {**_activity(name, "WebActivity"), "policy": policy, "typeProperties": properties}


def _set_variable(name: str, variable: str, expression: str, *, after: str) -> Document:
    properties = {"variableName": variable, "value": _expression(expression)}
    return {**_activity(name, "SetVariable", after=after), "typeProperties": properties}


# -- a pipeline of the first interface -------------------------------------------------------------------------


def _execute_pipeline(run: Run) -> Document:
    given = {name: port(value) for name, value in run.inputs.items()}
    properties: Document = {}
    if run.pipeline_endpoint_id:
        properties["mlPipelineEndpointId"] = run.pipeline_endpoint_id
        if run.pipeline_version:
            properties["version"] = run.pipeline_version
    else:
        properties["mlPipelineId"] = run.pipeline_id
    if run.experiment:
        properties["experimentName"] = plain(run.experiment)
    parameters = {name: _parameter(name) for name, value in given.items() if value.is_literal}
    paths = {name: _data_path(name, value) for name, value in given.items() if not value.is_literal}
    if parameters:
        properties["mlPipelineParameters"] = parameters
    if paths:
        properties["dataPathAssignments"] = paths
    if run.continue_on_step_failure is not None:
        properties["continueOnStepFailure"] = run.continue_on_step_failure
    return {
        **_activity("Run pipeline", "AzureMLExecutePipeline"),
        "linkedServiceName": {"referenceName": run.linked_service, "type": "LinkedServiceReference"},
        "policy": {"timeout": timespan(seconds(run.timeout)), "retry": 0, "retryIntervalInSeconds": 30},
        "typeProperties": properties,
    }


def _data_path(name: str, given: Port) -> Document:
    match = DATASTORE.fullmatch(given.default)
    assert match is not None  # noqa: S101 - it was checked
    return {"DataStoreName": match["store"], "RelativePath": _parameter(name)}


# -- the language ----------------------------------------------------------------------------------------------


def _parameters(run: Run) -> Document:
    return {name: _declared(port(given), run) for name, given in {**run.inputs, **run.outputs}.items()}


def _declared(given: Port, run: Run) -> Document:
    default = given.default
    if run.is_v1 and not given.is_literal:
        default = default.partition("/paths/")[2]
    kind = LITERAL_TYPES.get(given.type, "String")
    return {"type": kind} if default is None else {"type": kind, "defaultValue": default}


def _activity(name: str, kind: str, *, after: str = "") -> Document:
    depends = [{"activity": after, "dependencyConditions": ["Succeeded"]}] if after else []
    return {"name": name, "type": kind, "dependsOn": depends, "userProperties": []}


def _expression(text: str) -> Document:
    return {"value": f"@{text}", "type": "Expression"}


def _parameter(name: str) -> str:
    return f"@pipeline().parameters.{name}"


def _quoted(text: str) -> str:
    """A text as a string of an expression."""
    return "'" + text.replace("'", "''") + "'"


def plain(text: str) -> str:
    """A text that is no expression, whatever it begins with or holds."""
    text = text.replace("@{", "@@{")
    return f"@{text}" if text.startswith("@") and not text.startswith("@@{") else text


def timespan(total: int) -> str:
    """Seconds as Data Factory writes a time span, `days.hours:minutes:seconds`."""
    minutes, second = divmod(total, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}.{hour:02}:{minute:02}:{second:02}"
