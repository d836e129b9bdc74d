"""A client after docs/http.md: a fresh wallet logs in, runs an action, and believes the reply by its receipt.

apt-get install python3-ecdsa python3-pycryptodome, then: python3 python.py NETWORK_JSON ACTION_JS [PARAMS_JSON]
The first has both curves, the second Keccak-256, which the standard library lacks.
"""

import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

from encoding import base64url, cid_of, network_id, request_id
from founding import check_founding
from login import log_in, sign
from receipt import check


def ask(address, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(address, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise SystemExit(f"{problem['code']}: {problem.get('detail', problem['title'])}") from error


def main(file, action, params="{}"):
    network, code = json.loads(pathlib.Path(file).read_text("utf-8")), pathlib.Path(action).read_text("utf-8")
    check_founding(network)
    cid, node = cid_of(code), network["endpoints"][0]["http"]
    login = log_in(network, os.urandom(32), [f"quorate:key/*/action/{cid}"], domain="localhost")
    head = ask(f"{node}/v1/network")["head"]
    request = {
        "v": 1,
        "network": network_id(network).hex(),
        "session": login["key"],
        "login": login["hash"],
        "action": cid,
        "block": {"number": head["number"], "hash": head["hash"]},
        "time_ms": time.time_ns() // 1_000_000,
        "nonce": os.urandom(16).hex(),
    }
    # The parameters go as they are: what is signed is their bytes.
    data = f'{json.dumps(request)[:-1]},"params":{params}}}'
    sig = sign(login, request_id(network, data))
    body = {"request": base64url(data.encode()), "sig": sig, "login": login["proof"], "code": code}
    reply = ask(f"{node}/v1/executions", body)
    check(network, data, params, reply)
    if reply["status"] != "completed":  # A node may say 200 of a run that failed.
        raise SystemExit(f"the run {reply['status']}: {reply.get('error')}")
    members = [statement["node"] for statement in reply["receipt"]["statements"]]
    operators = (network.get("founding") or {}).get("operators")
    named = {"operators": [operators[node - 1] for node in members]} if operators else {}
    print(json.dumps({"response": reply["response"], "members": members, **named}))


if __name__ == "__main__":
    main(*sys.argv[1:])
