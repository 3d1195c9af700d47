"""What production needs of a stack: one set of rules, asked by Pulumi's policy engine or by `azureml-stack policy`."""
