"""Sends values of every type to a function that returns them.

Arguments: the URL for XML-RPC, the dialect, and whether it has nil and i8.
"""
import sys
from datetime import datetime
from xmlrpc.client import Binary, DateTime, ServerProxy

from support import equal, fault

url, dialect, extended = sys.argv[1], sys.argv[2], sys.argv[3] == "extended"
date = datetime(1998, 7, 17, 14, 8, 55)
values = [
    0, 1, -1, 2**31 - 1, -2**31, True, False,
    0.0, -1.5, 0.1, 1e308, 5e-324, 1e21, 123456789.123456789,
    "", " ", "a\n\tb\n", "<b>&amp;]]></b>", "<![CDATA[a]]>", "Grüße, 世界 🧵 \ufffd", "'\"", "12", "x" * 100000,
    date, datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), b"", bytes(range(256)),
    [], [[]], {}, {"": ""}, [1, "a", [2.5, [True, [date]]], {"a": [b"\x00"]}],
    {"a": 1, "<ü&'\">": {"b": {"c": [{}, [], {"d": date}]}}, " a ": " b ", "\u00a0": b"\xff"},
]
if extended and dialect == "OSE":
    values += [None, [None], {"a": None, "b": [None, 1]}]

# With none allowed and not, and with the types that Python has and those of the
# client's own, the answer is the same.
for none in False, True:
    echo = ServerProxy(url, allow_none=none, use_builtin_types=True).echo.echo
    for v in values:
        if none or "None" not in repr(v):
            equal(echo(v), v)
own = ServerProxy(url)
equal(own.echo.echo(DateTime("19980717T14:08:55")), DateTime("19980717T14:08:55"))
equal(own.echo.echo(Binary(b"\x00\xff")), Binary(b"\x00\xff"))

# Python sends a carriage return as it is, which a reader of XML must take for a
# newline; the server does not.
equal(own.echo.lines(), "a\r\n\tb\r")

nothing = {"OSE": None if extended else "", "AstroGrid": "OK"}[dialect]
equal(own.echo.nothing(), nothing)
if dialect == "AstroGrid":
    equal(own.echo.none(), "NULL")
elif extended:
    equal(own.echo.none(), None)
else:
    equal(fault(own.echo.none)[0], 52)
if extended:
    equal(own.echo.big(), 2**62)
else:
    equal(fault(own.echo.big)[0], 52 if dialect == "OSE" else 0)
    equal(fault(ServerProxy(url, allow_none=True).echo.echo, None)[0], 54 if dialect == "OSE" else 0)
