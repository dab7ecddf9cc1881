package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func TestHeader(t *testing.T) {
	for name, h := range map[string]session.Header{"X-Session": {}, "Authorization": {Name: "Authorization"}, "X-Lower": {Name: "x-lower"}} {
		t.Run(name, func(t *testing.T) {
			m, _ := still(func(m *session.Manager) { m.Carrier = h })
			defer closed(t, m)
			ctx := visit(t)
			s, err := m.Open(ctx)
			require.NoError(t, err)
			require.Equal(t, s.UID(), string(ctx.Response.Header.Peek(name)))
			require.Empty(t, setCookies(ctx))
			require.Same(t, s, known(m.Find(visit(t, name+": "+s.UID()))))
			require.Nil(t, known(m.Find(visit(t, name+": "))))
			require.Nil(t, known(m.Find(bring(t, s.UID()))))
			require.Nil(t, known(m.Find(visit(t, name+": x", name+": "+s.UID()))), "only the first counts")
			require.NoError(t, m.Renew(ctx, s))
			require.Equal(t, s.UID(), string(ctx.Response.Header.Peek(name)))
			m.Clear(ctx)
			require.Empty(t, ctx.Response.Header.Peek(name))
			require.Contains(t, ctx.Response.Header.String(), "\r\n"+name+":")
		})
	}
}

func TestCarriers(t *testing.T) {
	m, _ := still(func(m *session.Manager) {
		m.Carrier = session.Carriers{session.Header{}, &session.Cookie{}, &session.Cookie{Name: "old"}}
	})
	defer closed(t, m)
	ctx := visit(t)
	s, err := m.Open(ctx)
	require.NoError(t, err)
	require.Equal(t, s.UID(), string(ctx.Response.Header.Peek("X-Session")))
	require.Len(t, setCookies(ctx), 2)
	other := create(t, m)
	a, b := s.UID(), other.UID()
	cases := map[string]struct {
		lines []string
		want  *session.Session
	}{
		"nothing":                  {nil, nil},
		"header":                   {[]string{"X-Session: " + a}, s},
		"cookie":                   {[]string{"Cookie: sid=" + a}, s},
		"second cookie":            {[]string{"Cookie: old=" + a}, s},
		"header first":             {[]string{"Cookie: sid=" + b, "X-Session: " + a}, s},
		"dead header, cookie":      {[]string{"X-Session: gone", "Cookie: sid=" + b}, other},
		"order of the carriers":    {[]string{"Cookie: old=" + a + "; sid=" + b}, other},
		"all dead but the last":    {[]string{"X-Session: x", "Cookie: sid=x; sid=y; old=z; old=" + a}, s},
		"empty header, old cookie": {[]string{"X-Session:", "Cookie: old=" + a}, s},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			require.True(t, c.want == known(m.Find(visit(t, c.lines...))))
		})
	}
	m.Clear(ctx)
	require.Len(t, setCookies(ctx), 2)
	require.Nil(t, known(m.Find(visit(t))))

	none, _ := still(func(m *session.Manager) { m.Carrier = session.Carriers{} })
	defer closed(t, none)
	require.Nil(t, known(none.Find(bring(t, a))))
}
