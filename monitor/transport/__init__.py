"""Messages cross from one process to another here, checked and counted. The only package that imports zmq."""

from monitor.transport.endpoints import EndpointError, check_endpoint, ipc_endpoint, private_directory
from monitor.transport.keys import CurveKey, KeyFileError, load_key_file, make_key_file
from monitor.transport.receiver import Delivery, Receiver
from monitor.transport.sender import Policy, Sender
from monitor.transport.sockets import Context
from monitor.transport.wire import CAMERA_NAME, WireError

__all__ = [
    "CAMERA_NAME",
    "Context",
    "CurveKey",
    "Delivery",
    "EndpointError",
    "KeyFileError",
    "Policy",
    "Receiver",
    "Sender",
    "WireError",
    "check_endpoint",
    "ipc_endpoint",
    "load_key_file",
    "make_key_file",
    "private_directory",
]
