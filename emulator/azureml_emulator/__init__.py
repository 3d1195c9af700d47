"""An Azure Machine Learning that runs on one machine.

It speaks the service's REST API over TLS to any client, keeps its state in one folder, stores blobs in
Azurite and runs batch scoring jobs for real. Start it with ``azureml-emulator start``, or inside a test
suite with :mod:`azureml_emulator.testing`.
"""
