package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// Over TLS and without are two worlds: neither knows the other's sessions, by
// whatever cookie they come, and neither overwrites the other's cookie.
func TestTwoWorlds(t *testing.T) {
	m, _ := still(func(m *session.Manager) { m.Carrier = session.Carriers{new(session.Cookie), session.Header{}} })
	defer closed(t, m)
	conn := overTLS(t)
	clear, secret := visit(t), wire(t, conn)
	require.False(t, clear.IsTLS())
	require.True(t, secret.IsTLS())
	a, err := m.Open(clear)
	require.NoError(t, err)
	b, err := m.Open(secret)
	require.NoError(t, err)
	require.NotSame(t, a, b)
	require.Contains(t, setCookies(clear)[0], "sid="+a.UID())
	require.NotContains(t, setCookies(clear)[0], "Secure")
	require.Contains(t, setCookies(secret)[0], "__Secure-sid="+b.UID())
	require.Contains(t, setCookies(secret)[0], "; Secure")

	free := create(t, m) // made by no request
	forms := []func(uid string) string{
		func(uid string) string { return "X-Session: " + uid },
		func(uid string) string { return "Cookie: sid=" + uid + "; __Secure-sid=" + uid },
	}
	for _, form := range forms {
		require.Same(t, a, known(m.Find(visit(t, form(a.UID())))))
		require.Nil(t, known(m.Find(wire(t, conn, form(a.UID())))))
		require.Nil(t, known(m.Peek(wire(t, conn, form(a.UID())))))
		require.Same(t, b, known(m.Find(wire(t, conn, form(b.UID())))))
		require.Nil(t, known(m.Find(visit(t, form(b.UID())))))
		require.Same(t, free, known(m.Find(visit(t, form(free.UID())))))
		require.Same(t, free, known(m.Find(wire(t, conn, form(free.UID())))))
	}
	// Of several the first that this world knows counts.
	both := "Cookie: __Secure-sid=" + a.UID() + "; __Secure-sid=" + b.UID()
	require.Same(t, b, known(m.Find(wire(t, conn, both))))
	require.NoError(t, m.Renew(secret, b))
	require.Nil(t, known(m.Find(visit(t, "X-Session: "+b.UID()))), "nor after Renew")
}
