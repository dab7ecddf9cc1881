"""What the other scripts here share."""
from xmlrpc.client import Fault, ProtocolError


def fault(call, *params):
    """Makes a call that must fail, and returns the code and the text of its fault."""
    try:
        result = call(*params)
    except Fault as f:
        return f.faultCode, f.faultString
    raise AssertionError(f"no fault, but {result!r}")


def status(call, *params):
    """Makes a call that HTTP must refuse, and returns the status."""
    try:
        result = call(*params)
    except ProtocolError as e:
        return e.errcode
    raise AssertionError(f"no error, but {result!r}")


def equal(got, want):
    """Requires the same value of the same type."""
    assert type(got) is type(want) and got == want, f"got {got!r}, not {want!r}"
