package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// A timeout or a lifetime that is short, or has passed, ends a session at once;
// a timeout only when the request is over that has it.
func TestTimesThatHavePassed(t *testing.T) {
	kinds := map[string]struct {
		set func(*session.Session, time.Duration)
		why session.Reason
	}{
		"timeout":  {(*session.Session).SetTimeout, session.Idle},
		"lifetime": {(*session.Session).SetLifetime, session.Lifetime},
	}
	for kind, c := range kinds {
		for _, d := range []time.Duration{100 * time.Millisecond, 0, -1} {
			for _, where := range []string{"inside", "outside", "outside, saved"} {
				t.Run(fmt.Sprint(kind, " ", d, " ", where), func(t *testing.T) {
					inBubble(t, func(t *testing.T, store *storetest.Memory) {
						p := join(t, store)
						uid := p.visit(t, "").UID()
						time.Sleep(5 * time.Second)
						ctx := asks(uid)
						s, _, err := p.Acquire(ctx)
						require.NoError(t, err)
						if where == "inside" {
							time.Sleep(time.Second)
							c.set(s, d)
							time.Sleep(200 * time.Millisecond)
							require.NoError(t, p.Save(ctx, s))
							s.Release()
						} else {
							s.Release()
							time.Sleep(3 * time.Second)
							c.set(s, d)
						}
						if where == "outside, saved" {
							require.NoError(t, p.Save(nil, s))
						}
						time.Sleep(2 * time.Second)
						require.Equal(t, []end{{why: c.why}}, p.ends())
						require.Equal(t, c.why, s.Reason())
						require.Zero(t, s.Remaining())
						require.Zero(t, store.Len())
					})
				})
			}
		}
	}
}

// Whoever has a copy with a longer timeout uses it as often as the shorter one
// of another process asks for, and keeps the session.
func TestAShorterTimeoutElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		long := func(m *session.Manager) { m.Factory, m.Shared = session.Lasting(day), true }
		a, b := joinAs(t, store, long), joinAs(t, store, long)
		s := a.visit(t, "")
		b.visit(t, s.UID())
		time.Sleep(time.Second)
		b.visit(t, s.UID()) // so that it is to tell of that a 15th of a day later
		s.SetTimeout(15 * time.Minute)
		require.NoError(t, a.Save(nil, s))
		for range 60 {
			require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			time.Sleep(time.Minute)
		}
	})
}

// A copy that nobody uses does not know how lately the session has been used.
func TestAShorterTimeoutOfAnIdleCopy(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		time.Sleep(50 * time.Second)
		b.visit(t, s.UID())
		time.Sleep(5 * time.Second)
		s.SetTimeout(30 * time.Second)
		require.NoError(t, a.Save(nil, s))
		time.Sleep(20 * time.Second)
		require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
		require.Empty(t, endsOf(a, b))
	})
}

// A copy that nobody uses asks for the end by a timeout that is no more, and
// much earlier than the one there is now allows.
func TestAnIdleCopyWithALongerTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		long := func(m *session.Manager) { m.Factory = session.Lasting(3 * time.Hour) }
		a, b := joinAs(t, store, long), joinAs(t, store, long)
		uid := a.visit(t, "").UID()
		s := b.visit(t, uid)
		s.SetTimeout(5 * time.Minute)
		require.NoError(t, b.Save(nil, s))
		for range 60 { // four hours
			require.Same(t, s, b.visit(t, uid))
			time.Sleep(4 * time.Minute)
		}
		require.Empty(t, endsOf(a, b))
	})
}

// What is held is not idle, however much time is taken from it, and the store
// hears of that.
func TestTimeTakenFromWhatIsHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		b.visit(t, "").Expire()
		s := a.visit(t, "")
		s.Hold()
		time.Sleep(5 * time.Second)
		require.NoError(t, a.AdjustTime(t.Context(), -30*time.Minute))
		time.Sleep(10 * time.Minute)
		require.Equal(t, session.Alive, s.Reason())
		s.Release()
		time.Sleep(58 * time.Second)
		require.Equal(t, session.Alive, s.Reason())
		require.Len(t, endsOf(a, b), 1)
		time.Sleep(5 * time.Second)
		require.Equal(t, session.Idle, s.Reason())
		require.Len(t, endsOf(a, b), 2)
	})
}

// Who only looks at the session of a process that is gone does not have it end
// before its time, though the last use is known no better than to a 15th.
func TestALookDoesNotEndASessionEarly(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		time.Sleep(3900 * time.Millisecond)
		require.True(t, s.Touch())
		a.way.Fail(errOutage)
		time.Sleep(10 * time.Second)
		copied, err := b.Peek(asks(s.UID()))
		require.NoError(t, err)
		time.Sleep(49900 * time.Millisecond)
		require.Equal(t, session.Alive, copied.Reason())
		time.Sleep(5 * time.Second)
		require.Equal(t, session.Idle, copied.Reason())
	})
}
