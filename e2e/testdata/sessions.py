"""The session manager, as AstroGrid documents it.

Arguments: the URL for XML-RPC. Prints the ids of the sessions that it opened.
"""
import sys
from xmlrpc.client import MultiCall, ServerProxy

from support import equal, fault, status

url = sys.argv[1]
ar = ServerProxy(url)
sm = ar.builtin.sessionManager
ids = []


def create(minutes):
    id = sm.createNewSession(minutes)
    assert isinstance(id, str) and len(id) >= 22 and id not in ids, id
    equal(sm.exists(id), True)
    ids.append(id)
    return id


def connect(id):
    return ServerProxy(sm.findXmlRpcSession(id))


def log_ins_are_isolated():
    one, two = connect(create(10)), connect(create(10))
    for session in ar, one, two:
        equal(session.astrogrid.community.isLoggedIn(), False)
        equal(session.astrogrid.community.getUserInformation(), "NULL")
    equal(one.astrogrid.community.login("username", "password", "community"), "OK")
    equal(one.astrogrid.community.isLoggedIn(), True)
    equal(one.astrogrid.community.getUserInformation(),
          {"id": "ivo://community/username", "name": "username", "community": "community"})
    equal(two.astrogrid.community.isLoggedIn(), False)
    equal(ar.astrogrid.community.isLoggedIn(), False)

    code, text = fault(two.astrogrid.community.login, "username", "guess", "community")
    equal(code, 0)
    assert text.startswith("SecurityException: "), text
    equal(two.astrogrid.community.isLoggedIn(), False)

    equal(ar.astrogrid.community.login("username", "password", "community"), "OK")
    equal(one.astrogrid.community.logout(), "OK")
    equal(one.astrogrid.community.isLoggedIn(), False)
    equal(ar.astrogrid.community.isLoggedIn(), True)


def the_configuration_is_shared():
    one, two = connect(create(10)), connect(create(10))
    equal(one.builtin.configuration.getKey("band"), "NULL")
    equal(one.builtin.configuration.setKey("band", "K <2.2 µm>"), True)
    equal(two.builtin.configuration.setKey("band", "J & H"), False)
    for session in ar, one, two:
        equal(session.builtin.configuration.getKey("band"), "J & H")
        equal(session.builtin.configuration.list(), {"band": "J & H"})
    equal(two.builtin.configuration.removeKey("band"), "OK")
    equal(ar.builtin.configuration.listKeys(), [])


def every_session_presents_the_same_functions():
    one = connect(create(10))
    equal(one.system.listMethods(), ar.system.listMethods())
    other = one.builtin.sessionManager.createNewSession(10)
    ids.append(other)
    equal(sm.exists(other), True)
    equal(sm.findXmlRpcSession(other), one.builtin.sessionManager.findXmlRpcSession(other))
    equal(one.builtin.sessionManager.dispose(other), "OK")
    equal(sm.exists(other), False)


def the_default_session_stays():
    equal(sm.exists("default"), True)
    equal(sm.dispose("default"), "OK")
    equal(sm.exists("default"), True)
    equal(sm.findXmlRpcSession("default"), url)
    equal(connect("default").astrogrid.community.isLoggedIn(),
          ar.astrogrid.community.isLoggedIn())
    assert sm.findHttpSession("default") + "xmlrpc" == url, sm.findHttpSession("default")


def a_session_is_disposed_of():
    id = create(10)
    session = connect(id)
    equal(session.astrogrid.community.isLoggedIn(), False)
    equal(sm.dispose(id), "OK")
    equal(sm.exists(id), False)
    equal(status(session.astrogrid.community.isLoggedIn), 404)
    equal(sm.dispose(id), "OK")
    unknown(id)


def a_session_disposes_of_itself():
    id = create(10)
    equal(connect(id).builtin.sessionManager.dispose(id), "OK")
    unknown(id)


def unknown(id):
    equal(sm.exists(id), False)
    for find in sm.findXmlRpcSession, sm.findHttpSession:
        code, text = fault(find, id)
        equal(code, 0)
        assert "InvalidArgumentException" in text, text
        assert id == "" or id not in text, text


def unknown_ids_are_told():
    for id in "", "1", "nobody", "../default", "A" * 22, "A" * 10000, "ü<&>":
        equal(sm.dispose(id), "OK")
        unknown(id)


def minutes():
    for good in 1, 0.5, 10, "10", " 2.5 ", 2147483647:
        create(good)
    for bad in 0, -1, -2147483648, 0.0, -0.5, "0", "-1", "ten", "", "NaN", "inf", True, [], {}:
        code, text = fault(sm.createNewSession, bad)
        equal(code, 0)
        assert text.startswith("InvalidArgumentException: "), (bad, text)
    for params in (), (1, 2):
        code, text = fault(sm.createNewSession, *params)
        equal(code, 0)
        assert "1 arguments" in text, text


def the_functions_are_described():
    assert "builtin.sessionManager.createNewSession" in ar.system.listMethods()
    equal(ar.system.methodSignature("builtin.sessionManager.exists"), [["boolean", "string"]])
    assert "minutes" in ar.system.methodHelp("builtin.sessionManager.createNewSession")
    code, text = fault(ar.system.methodHelp, "builtin.sessionManager.missing")
    equal(code, 0)
    assert text.startswith("NotFoundException: "), text


def several_calls_are_made_at_once():
    calls = MultiCall(connect(create(10)))
    calls.builtin.sessionManager.exists("default")
    calls.astrogrid.community.login("username", "guess", "community")
    calls.astrogrid.community.getUserInformation()
    calls.astrogrid.community.login("username", "password", "community")
    calls.astrogrid.community.isLoggedIn()
    results = calls()
    equal(results[0], True)
    code, text = fault(results.__getitem__, 1)
    equal(code, 0)
    assert text.startswith("SecurityException: "), text
    equal([results[i] for i in (2, 3, 4)], ["NULL", "OK", True])


log_ins_are_isolated()
the_configuration_is_shared()
every_session_presents_the_same_functions()
the_default_session_stays()
a_session_is_disposed_of()
a_session_disposes_of_itself()
unknown_ids_are_told()
minutes()
the_functions_are_described()
several_calls_are_made_at_once()
print("\n".join(ids))
