# SPDX-License-Identifier: Apache-2.0
"""Drives the control interface with the Varlink library of PyPI, which reads the description that the daemon sends and
checks calls and replies against it.

usage: client.py SOCKET [CALLS]

Without CALLS it prints what the library has read from the daemon: a JSON object of interfaces with their methods. CALLS is
a file with a JSON array of calls, each an object with "interface", "method", "parameters" and "more"; for each it prints a
line, a JSON object with "reply" (of several the first one) or with "error" and "parameters".
"""

import json
import sys

import varlink
import varlink.scanner


def methods(interface):
    members = interface.members.values()
    return sorted(member.name for member in members if isinstance(member, varlink.scanner._Method))


def answer(client, call):
    with client.open(call["interface"]) as connection:
        method = getattr(connection, call["method"])
        try:
            if call["more"]:
                return {"reply": next(method(**call["parameters"], _more=True))}
            return {"reply": method(**call["parameters"])}
        except varlink.VarlinkError as error:
            return {"error": error.error(), "parameters": error.parameters()}


def main():
    client = varlink.Client(address="unix:" + sys.argv[1])
    if len(sys.argv) == 2:
        names = client.get_interfaces()
        print(json.dumps({name: methods(client.get_interface(name)) for name in names}))
        return
    with open(sys.argv[2]) as file:
        for call in json.load(file):
            print(json.dumps(answer(client, call)))


main()
