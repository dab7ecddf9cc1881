"""A cursor of its own at a URL of its own, as OSE describes it.

Arguments: the URL of the database. Prints the ids of the cursors that it opened.
"""
import sys
from datetime import datetime
from xmlrpc.client import ServerProxy

from support import equal, fault, status

url = sys.argv[1]
database = ServerProxy(url)
ids = []


def connect(*timeout):
    id = database.cursor(*timeout)
    assert id not in ids
    ids.append(id)
    return ServerProxy(url + "/" + id, allow_none=True, use_builtin_types=True)


def the_story():
    equal(database.cursors(), 0)
    cursor = connect(60)
    equal(database.cursors(), 1)
    equal(fault(cursor.fetchone), (1, "db -- Programming Error\n\nexecute a query first"))
    equal(cursor.execute("select name, moons, radius from planets order by radius"), -1)
    equal(cursor.description(), ["name", "moons", "radius"])
    equal(cursor.fetchone(), ["Mercury", 0, 2439.7])
    equal(cursor.fetchone(), ["Mars", 2, 3389.5])
    equal(cursor.fetchall(), [["Venus", 0, 6051.8], ["Earth", 1, 6371.0]])
    equal(cursor.fetchone(), None)
    equal(cursor.fetchall(), [])
    assert cursor.close() is None
    equal(status(cursor.fetchone), 404)
    equal(status(cursor.close), 404)
    equal(database.cursors(), 0)


def cursors_are_apart():
    one, two = connect(), connect(60)
    equal(one.execute("create temp table mine (n)"), 0)
    equal(one.execute("insert into mine values (?), (?)", [1, 2]), 2)
    equal(fault(two.execute, "select * from mine")[0], 1)
    equal(one.execute("select n from mine order by n"), -1)
    equal(two.execute("select name from planets where moons = ?", [2]), -1)
    equal(one.fetchone(), [1])
    equal(two.fetchall(), [["Mars"]])
    equal(one.fetchone(), [2])

    equal(one.execute("begin"), 0)
    equal(one.execute("insert into planets values ('Ceres', 0, 469.7)"), 1)
    equal(two.execute("select count(*) from planets"), -1)
    equal(two.fetchall(), [[4]])
    equal(one.execute("rollback"), 0)
    one.close()
    two.close()


def values():
    cursor = connect(60)
    sent = [0, -2**31, 2**31 - 1, 1.5, -1e300, "", "<b>&amp;]]></b>", "<![CDATA[a]]>", "a\n\tb", "Grüße 🧵",
            b"", bytes(range(256)), None]
    cursor.execute("select " + ", ".join("?" * len(sent)), sent)
    row = cursor.fetchone()
    for got, want in zip(row, sent, strict=True):
        equal(got, want)
    cursor.execute("select 9223372036854775807, -9223372036854775808, char(13, 10, 9, 13), ?", [True])
    equal(cursor.fetchone(), [2**63 - 1, -2**63, "\r\n\t\r", 1])
    # SQLite has no dates but text, unless a column says that it is meant for one.
    at = datetime(1998, 7, 17, 14, 8, 55)
    cursor.execute("create temp table events (at datetime)")
    equal(cursor.execute("insert into events values (?)", [at]), 1)
    cursor.execute("select at, at || '' from events")
    got, text = cursor.fetchone()
    equal(got, at)
    assert text.startswith("1998-07-17 14:08:55"), text
    cursor.close()


def errors():
    cursor = connect(60)
    for statement, code, text in (
        ("select from", 1, "syntax error"),
        ("select * from nowhere", 1, "no such table: nowhere"),
        ("insert into planets values ('Mars', 2, 1)", 1555, "UNIQUE constraint failed: planets.name"),
        ("select abs(-9223372036854775807 - 1)", 1, "integer overflow"),
    ):
        got, said = fault(lambda: (cursor.execute(statement), cursor.fetchall()))
        equal(got, code)
        assert said.startswith("sqlite -- ") and text in said, said
    equal(cursor.execute("select 1"), -1)
    equal(cursor.fetchone(), [1])
    for params in (), ("select 1", "x"), (1,), ("select 1", [], 3):
        equal(fault(cursor.execute, *params)[0], 56)
    equal(fault(cursor.missing)[0], 55)
    for params, said in ([], "missing argument"), ([[1]], "unsupported type"), ([{"x": 1}], "unsupported type"):
        code, text = fault(cursor.execute, "select ?", params)
        equal(code, 1)
        assert text.startswith("db -- Programming Error\n\n") and said in text, text
    cursor.close()
    for timeout in 0, -1, -0.5:
        equal(fault(database.cursor, timeout), (3, "db -- A timeout is a number of seconds above 0"))
    equal(fault(database.cursor, "60")[0], 56)
    equal(database.cursors(), 0)


def other_urls():
    equal(status(ServerProxy(url + "/" + "A" * 22).fetchone), 404)
    equal(status(ServerProxy(url + "/1").fetchone), 404)
    equal(status(ServerProxy(url + "/" + ids[0]).fetchone), 404)


the_story()
cursors_are_apart()
values()
errors()
other_urls()
print("\n".join(ids))
