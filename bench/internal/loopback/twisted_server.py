"""The program of package peer under Twisted. Prints its version, its port and
the session cookie's name, and ends when its input does."""

import platform
import sys
import threading

import twisted
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site


class Bare(Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"hello"


class Session(Resource):
    isLeaf = True

    def render_GET(self, request):
        request.getSession()
        return b"hello"


class Live(Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"%d" % len(request.site.sessions)


class Quiet(Site):
    def log(self, request):
        pass  # nor do the others log requests


root = Resource()
root.putChild(b"bare", Bare())
root.putChild(b"session", Session())
root.putChild(b"live", Live())
port = reactor.listenTCP(0, Quiet(root), interface="127.0.0.1", backlog=1024)


def watch():
    sys.stdin.read()
    reactor.callFromThread(reactor.stop)


threading.Thread(target=watch, daemon=True).start()
print(
    twisted.__version__,
    platform.python_version(),
    port.getHost().port,
    "TWISTED_SESSION",
    flush=True,
)
reactor.run()
