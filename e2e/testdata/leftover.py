"""What a cursor leaves undone is undone, and no other cursor gets to see it.

Arguments: the URL of the database.
"""
import sys
from xmlrpc.client import ServerProxy

from support import equal, fault

url = sys.argv[1]
database = ServerProxy(url)


def connect():
    return ServerProxy(url + "/" + database.cursor(60), allow_none=True)


other = connect()
equal(other.execute("pragma busy_timeout = 0"), -1)
one = connect()
one.execute("pragma case_sensitive_like = true")
equal(one.execute("create temp table mine (n)"), 0)
equal(one.execute("begin"), 0)
equal(one.execute("insert into planets values ('Ceres', 0, 469.7)"), 1)
equal(fault(other.execute, "delete from planets")[0], 5)
one.close()

equal(other.execute("delete from planets where name = 'Ceres'"), 0)
next = connect()
code, text = fault(next.execute, "select * from mine")
assert "no such table" in text, text
next.execute("select 'a' like 'A'")
equal(next.fetchone(), [1])
