"""The client that everybody has, for the tests.

client.py calls    prints calls as JSON: names, bodies, and what is in them
client.py results  reads responses as JSON, and prints what is in them
"""

import base64
import datetime
import json
import sys
from xmlrpc import client


def describe(v):
    if v is None:
        return {"nil": True}
    if isinstance(v, bool):
        return {"bool": v}
    if isinstance(v, int):
        return {"int": str(v)}
    if isinstance(v, float):
        return {"double": v}
    if isinstance(v, str):
        return {"string": v}
    if isinstance(v, (bytes, client.Binary)):
        return {"base64": base64.b64encode(getattr(v, "data", v)).decode()}
    if isinstance(v, datetime.datetime):
        return {"time": v.strftime("%Y%m%dT%H:%M:%S")}
    if isinstance(v, client.DateTime):
        return {"time": v.value}
    if isinstance(v, (list, tuple)):
        return {"array": [describe(e) for e in v]}
    return {"struct": {name: describe(e) for name, e in v.items()}}


when = datetime.datetime(1998, 7, 17, 14, 8, 55)

CALLS = {
    "none": (),
    "nil": (None,),
    "booleans": (True, False),
    "ints": (0, 1, -1, 2**31 - 1, -(2**31)),
    "doubles": (0.0, -1.5, 1e300, 5e-324, 0.1, 1e16, -1e-7),
    "strings": ("", " ", " a\n\tb ", "<b>&amp;]]></b>", "Grüße", "世界 🧵", "'\""),
    "times": (client.DateTime("19980717T14:08:55"), when, client.DateTime("20000229T23:59:59")),
    "bytes": (b"", b"you!", client.Binary(bytes(range(256))), b"\0" * 1000),
    "arrays": ([], [1, "a", None], [[], [[]]], (1, (2, [3]))),
    "structs": ({}, {"a": 1, "": 2, "<ü&>": 3}, {"a": {"b": {"c": [{"d": None}]}}}),
    "all": ({"list": [True, 1, 1.5, "a", when, b"b", None, {"x": []}]}, "and", ["more"]),
    "letters": ("Grüße", "é" * 3000, {"ß": ["ÿ"]}),
}


def calls():
    out = []
    for name, params in CALLS.items():
        for encoding in (None, "utf-8", "iso-8859-1", "us-ascii"):
            method = f"a.b_{name}"
            text = client.dumps(params, method, encoding=encoding, allow_none=True)
            body = text.encode(encoding or "utf-8", "xmlcharrefreplace")
            out.append(
                {
                    "name": f"{name} {encoding}",
                    "method": method,
                    "body": base64.b64encode(body).decode(),
                    "params": [describe(v) for v in params],
                }
            )
    return out


def results(responses):
    out = []
    for body in responses:
        try:
            params, method = client.loads(base64.b64decode(body))
            assert method is None
            out.append(describe(params))
        except client.Fault as fault:
            out.append({"fault": [fault.faultCode, fault.faultString]})
    return out


json.dump(calls() if sys.argv[1] == "calls" else results(json.load(sys.stdin)), sys.stdout)
