package session_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What every request does allocates nothing.
func TestAllocations(t *testing.T) {
	m, w := still()
	defer closed(t, m)
	s := create(t, m)
	other := create(t, m)
	other.SetLifetime(session.DefaultTimeout)
	k := session.NewKey[int]("visits")
	require.NoError(t, k.Set(s, 7))
	ctx := bring(t, s.UID())
	late := visit(t, "Cookie: "+strings.Repeat("other=x; ", 20)+"sid=x; sid="+s.UID())
	split := visit(t, "Cookie: a=1", "Cookie: sid="+s.UID())
	limited := bring(t, other.UID())
	bare, stranger := visit(t), bring(t, "AAAAAAAAAAAAAAAAAAAAAA")
	uid := s.UID()
	add := func(n *int) { *n++ }
	cases := map[string]func() bool{
		"Find":                    func() bool { return known(m.Find(ctx)) == s },
		"Find behind others":      func() bool { return known(m.Find(late)) == s },
		"Find in the second line": func() bool { return known(m.Find(split)) == s },
		"Find with a lifetime":    func() bool { return known(m.Find(limited)) == other },
		"Find of none":            func() bool { return known(m.Find(bare)) == nil },
		"Find of a stranger":      func() bool { return known(m.Find(stranger)) == nil },
		"Acquire":                 func() bool { got, _, _ := m.Acquire(ctx); got.Release(); return got == s },
		"Peek":                    func() bool { return known(m.Peek(ctx)) == s },
		"Open":                    func() bool { got, err := m.Open(ctx); return err == nil && got == s },
		"Get":                     func() bool { return known(m.Get(context.Background(), uid)) == s },
		"Touch":                   s.Touch,
		"Hold and Release":        func() bool { s.Hold(); s.Release(); return true },
		"Key.Get":                 func() bool { v, ok := k.Get(s); return ok && v >= 7 },
		"Key.Update":              func() bool { return k.Update(s, add) == nil },
		"Remaining":               func() bool { return s.Remaining() > 0 },
		"Reason":                  func() bool { return s.Reason() == session.Alive },
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			ok := true
			n := testing.AllocsPerRun(100, func() {
				w.Advance(tick) // so that a touch is one that writes
				ok = ok && f()
			})
			require.True(t, ok)
			require.Zero(t, n)
		})
	}
}
