"""The HTTPS proxy that makes Azure's real host names reach the emulator, and no other Azure host the cloud.

A client that has ``HTTPS_PROXY`` set asks it for a tunnel (``CONNECT host:port``) to every host that it talks
to. Tunnels to hosts that the emulator serves end in the emulator, with a certificate for the name that was
asked for; tunnels to other hosts of Azure are refused by name; all others lead where they should, untouched.
"""

from azureml_emulator.proxy.port import HOST, listen, remember
from azureml_emulator.proxy.server import Proxy
from azureml_emulator.proxy.upstream import Dialer

__all__ = ["HOST", "Dialer", "Proxy", "listen", "remember"]
