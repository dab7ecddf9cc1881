"""Calls a server that asks who calls.

Arguments: the URL for XML-RPC, a user and the password.
"""
import sys
from urllib.parse import quote
from xmlrpc.client import ServerProxy

from support import equal, status

url, user, password = sys.argv[1:]


def who(user, password):
    return ServerProxy(url.replace("://", f"://{quote(user, safe='')}:{quote(password, safe='')}@")).echo.user


equal(who(user, password)(), user)
equal(status(who(user, password + " ")), 401)
equal(status(who("", "")), 401)
equal(status(ServerProxy(url).echo.user), 401)
