"""Azurite, Microsoft's blob service emulator: installed once per user, run as a child process."""

from azureml_emulator.azurite.install import Installation, InstallError, install, installed
from azureml_emulator.azurite.process import Azurite, AzuriteError

__all__ = ["Azurite", "AzuriteError", "InstallError", "Installation", "install", "installed"]
