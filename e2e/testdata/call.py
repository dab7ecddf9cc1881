"""Makes the calls that stdin has in JSON, and prints what came of them.

Arguments: the URL for XML-RPC.
"""
import json
import sys
from xmlrpc.client import Fault, ServerProxy

server = ServerProxy(sys.argv[1], allow_none=True)
answers = []
for call in json.load(sys.stdin):
    try:
        answers.append({"result": getattr(server, call["method"])(*call["params"])})
    except Fault as f:
        answers.append({"code": f.faultCode, "text": f.faultString})
print(json.dumps(answers))
