"""The rules of production, for `pulumi up --policy-pack policy`."""

from pulumi_azureml.policy.pack import run

run()
