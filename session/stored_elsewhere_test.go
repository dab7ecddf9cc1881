package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// A copy takes over a later end of the lifetime when it asks for the old one, and
// does not go on asking.
func TestALongerLifetimeElsewhere(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, b *process, o *session.Session){
		"set": func(t *testing.T, b *process, o *session.Session) {
			o.SetLifetime(24 * time.Hour)
			require.NoError(t, b.Save(nil, o))
		},
		"added": func(t *testing.T, b *process, _ *session.Session) {
			require.NoError(t, b.AdjustTime(t.Context(), time.Hour))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a, b := join(t, store), join(t, store)
				limited := func(uid string) *session.Session {
					s := session.New(uid)
					s.SetTimeout(time.Hour)
					s.SetLifetime(time.Minute)
					return s
				}
				a.Factory, b.Factory = limited, limited
				s := a.visit(t, "")
				time.Sleep(10 * time.Second)
				change(t, b, b.visit(t, s.UID()))
				time.Sleep(55 * time.Second)
				before := a.way.Calls("Claim")
				time.Sleep(10 * time.Second)
				require.LessOrEqual(t, a.way.Calls("Claim")-before, 1)
				require.Equal(t, session.Alive, s.Reason())
			})
		})
	}
}

// A log-out holds though the answer to a Renew before it was lost.
func TestExpireAfterALostRenew(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s := a.visit(t, "")
		uid := s.UID()
		time.Sleep(5 * time.Second)
		a.way.LoseNext("Save", 1, errOutage)
		require.ErrorIs(t, a.Renew(asks(uid), s), session.ErrStore)
		time.Sleep(time.Second)
		s.Expire()
		time.Sleep(30 * time.Second)
		require.Equal(t, []end{{why: session.Expired}}, a.ends())
		require.Zero(t, store.Len())
		found, err := join(t, store).Peek(asks(uid))
		require.NoError(t, err)
		require.Nil(t, found)
	})
}

// Whoever sends what the Store never takes keeps nobody else's session from
// ending.
func TestSavesThatAlwaysFailDelayNoEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s, other := a.visit(t, ""), a.visit(t, "")
		for range 600 {
			a.way.FailNext("Save", 1, errors.New("packet too large"))
			require.ErrorIs(t, number.Update(other, func(n *int) { *n++ }), session.ErrStore)
			other.Touch()
			time.Sleep(150 * time.Millisecond)
		}
		require.Equal(t, session.Idle, s.Reason())
		require.Equal(t, []end{{why: session.Idle}}, a.ends())
		require.Equal(t, session.Alive, other.Reason())
	})
}

// Who has a copy and not the last word on its use grants what another process,
// which was killed, may not have told.
func TestTheLastUseWasAnothers(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		time.Sleep(30 * time.Second)
		o := b.visit(t, s.UID())
		time.Sleep(3500 * time.Millisecond)
		require.True(t, o.Touch()) // at 33.5 s, to be told at 34
		b.way.Fail(errOutage)
		time.Sleep(59 * time.Second)
		require.Equal(t, session.Alive, s.Reason(), "92.5 s: it may live until 93.5")
		time.Sleep(5 * time.Second)
		require.Equal(t, session.Idle, s.Reason())
	})
}

// One change that cannot be saved costs the others nothing when the process ends.
func TestCloseWithOneThatCannotBeSaved(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		const n = 1000
		a := join(t, store)
		all := make([]*session.Session, n)
		for i := range all {
			all[i] = a.visit(t, "")
		}
		time.Sleep(3 * time.Second)
		for _, s := range all {
			s.Touch()
		}
		require.NoError(t, note.Set(all[0], "never taken"))
		a.way.FailNext("Save", 1<<30, errors.New("no"))
		before := a.way.Rows("Touch")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := a.Close(ctx)
		require.ErrorContains(t, err, "the changes of 1 sessions have not been saved")
		require.NotContains(t, err.Error(), "calls")
		require.LessOrEqual(t, a.way.Rows("Touch")-before, n)
	})
}
