package session_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// Who never uses a session more seldom than its timeout keeps it, in whichever
// process, and whatever is done with its times.
func TestNoSessionInUseEnds(t *testing.T) {
	const minute = time.Minute
	cases := map[string]func(t *testing.T, a, b *process, s *session.Session){
		"used": func(t *testing.T, a, b *process, s *session.Session) {
			for range 100 {
				time.Sleep(55 * time.Second)
				require.True(t, s.Touch())
			}
		},
		"held": func(t *testing.T, a, b *process, s *session.Session) {
			s.Hold()
			time.Sleep(30 * minute)
			s.Release()
			time.Sleep(58 * time.Second)
		},
		"held elsewhere": func(t *testing.T, a, b *process, s *session.Session) {
			other := b.visit(t, s.UID())
			other.Hold()
			time.Sleep(30 * minute)
			other.Release()
			time.Sleep(58 * time.Second)
		},
		"by turns": func(t *testing.T, a, b *process, s *session.Session) {
			for i := range 200 {
				p := []*process{a, b}[i%2]
				require.Equal(t, s.UID(), p.visit(t, s.UID()).UID())
				time.Sleep(58 * time.Second)
			}
		},
		"by turns of many": func(t *testing.T, a, b *process, s *session.Session) {
			for i := range 300 {
				p := []*process{a, b}[i/7%2]
				require.Equal(t, s.UID(), p.visit(t, s.UID()).UID())
				time.Sleep(time.Duration(i%58) * time.Second)
			}
		},
		"after a shorter timeout": func(t *testing.T, a, b *process, s *session.Session) {
			s.SetTimeout(30 * minute)
			require.NoError(t, a.Save(nil, s))
			time.Sleep(minute)
			require.True(t, s.Touch())
			s.SetTimeout(5 * time.Second)
			require.NoError(t, a.Save(nil, s))
			for range 200 {
				time.Sleep(3 * time.Second)
				require.True(t, s.Touch())
			}
		},
		"after a shorter timeout elsewhere": func(t *testing.T, a, b *process, s *session.Session) {
			s.SetTimeout(30 * minute)
			require.NoError(t, a.Save(nil, s))
			other := b.visit(t, s.UID())
			time.Sleep(minute)
			require.True(t, s.Touch())
			require.True(t, other.Touch())
			s.SetTimeout(4 * minute) // more than a 15th of the old one, after which it is seen there
			require.NoError(t, a.Save(nil, s))
			for range 60 {
				time.Sleep(3 * minute)
				require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			}
		},
		"after a longer timeout": func(t *testing.T, a, b *process, s *session.Session) {
			s.SetTimeout(10 * minute)
			require.NoError(t, a.Save(nil, s))
			for i := range 20 {
				time.Sleep(9*minute + 50*time.Second)
				p := []*process{a, b}[i%2]
				require.Equal(t, s.UID(), p.visit(t, s.UID()).UID())
			}
		},
		"without a timeout": func(t *testing.T, a, b *process, s *session.Session) {
			s.SetTimeout(session.Never)
			require.NoError(t, a.Save(nil, s))
			time.Sleep(3 * time.Hour)
			require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			time.Sleep(3 * time.Hour)
		},
		"with a lifetime": func(t *testing.T, a, b *process, s *session.Session) {
			s.SetLifetime(10 * minute)
			require.NoError(t, a.Save(nil, s))
			for range 11 {
				time.Sleep(54 * time.Second)
				require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			}
		},
		"with a lifetime taken away": func(t *testing.T, a, b *process, s *session.Session) {
			s.SetLifetime(90 * time.Second)
			require.NoError(t, a.Save(nil, s))
			time.Sleep(50 * time.Second)
			require.True(t, s.Touch())
			s.SetLifetime(session.Never)
			require.NoError(t, a.Save(nil, s))
			for range 20 {
				time.Sleep(50 * time.Second)
				require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			}
		},
		"after time was added": func(t *testing.T, a, b *process, s *session.Session) {
			b.visit(t, s.UID())
			require.NoError(t, a.AdjustTime(t.Context(), time.Hour))
			time.Sleep(time.Hour + 58*time.Second)
			require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			time.Sleep(58 * time.Second)
		},
		"after time was added, with another timeout": func(t *testing.T, a, b *process, s *session.Session) {
			require.NoError(t, a.AdjustTime(t.Context(), time.Hour))
			s.SetTimeout(2 * minute)
			require.NoError(t, a.Save(nil, s))
			time.Sleep(time.Hour + minute + 58*time.Second)
			require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
		},
		"after time was taken": func(t *testing.T, a, b *process, s *session.Session) {
			require.NoError(t, a.AdjustTime(t.Context(), -30*time.Second))
			time.Sleep(28 * time.Second)
			for range 20 {
				require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
				time.Sleep(58 * time.Second)
			}
		},
		"over outages": func(t *testing.T, a, b *process, s *session.Session) {
			for i := range 300 {
				p := []*process{a, b}[i/40%2]
				require.Equal(t, s.UID(), p.visit(t, s.UID()).UID())
				if i%40 > 2 && i%10 == 0 {
					p.way.Fail(errOutage)
				}
				time.Sleep(5 * time.Second)
				p.way.Fail(nil)
			}
		},
		"over a long outage of one": func(t *testing.T, a, b *process, s *session.Session) {
			for range 20 {
				time.Sleep(10 * time.Second)
				require.Equal(t, s.UID(), a.visit(t, s.UID()).UID())
				b.visit(t, s.UID())
			}
			a.way.Fail(errOutage)
			for range 20 {
				time.Sleep(10 * time.Second)
				require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
			}
			a.way.Fail(nil)
			time.Sleep(5 * time.Second)
			for range 20 { // what was due here goes on, and its use is told of again
				time.Sleep(40 * time.Second)
				require.Equal(t, s.UID(), a.visit(t, s.UID()).UID())
			}
		},
		"renewed": func(t *testing.T, a, b *process, s *session.Session) {
			for i := range 40 {
				time.Sleep(50 * time.Second)
				if p := []*process{a, b}[i/4%2]; i%3 == 0 {
					here := p.visit(t, s.UID())
					require.NoError(t, p.Renew(asks(""), here))
					s = here
				} else {
					require.Equal(t, s.UID(), p.visit(t, s.UID()).UID())
				}
			}
		},
	}
	for name, use := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				a, b := join(t, store), join(t, store)
				b.visit(t, "").Expire() // has it start
				s := a.visit(t, "")
				a.save(t, s, "x")
				use(t, a, b, s)
				require.Len(t, endsOf(a, b), 1, "a session in use has ended")
				require.Equal(t, 1, store.Len())
			})
		})
	}
}

// The first request of a session may be a long one.
func TestALongFirstRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		b.visit(t, "").Expire()
		s, isNew, err := a.Acquire(asks(""))
		require.NoError(t, err)
		require.True(t, isNew)
		time.Sleep(10 * time.Minute)
		require.Len(t, endsOf(a, b), 1)
		require.Equal(t, session.Alive, s.Reason())
		s.Release()
		time.Sleep(58 * time.Second)
		require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
	})
}

// A session that OnLoad or a factory holds counts as used.
func TestASessionHeldFromTheStart(t *testing.T) {
	hold := func(uid string) *session.Session {
		s := session.Lasting(time.Minute)(uid)
		s.Hold()
		return s
	}
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := joinAs(t, store, func(m *session.Manager) { m.Factory = hold })
		s := a.visit(t, "")
		time.Sleep(10 * time.Minute)
		require.Equal(t, session.Alive, s.Reason())
		require.NoError(t, a.Close(t.Context()))
		b := joinAs(t, store, func(m *session.Manager) { m.Factory = hold })
		again, err := b.Peek(asks(s.UID()))
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		require.Equal(t, session.Alive, again.Reason())
		require.Empty(t, endsOf(a, b))
	})
}

// Who knows an old uid has nothing, and the copy of another process is over.
func TestRenewAmongProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "kept")
		old := s.UID()
		copied := b.visit(t, old)
		var over atomic.Int64
		copied.NotifyOnExpire(func() { over.Add(1) })
		require.NoError(t, a.Renew(asks(old), s))
		require.NotEqual(t, old, s.UID())
		require.Nil(t, known(a.Find(asks(old))))
		require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
		v, _ := note.Get(b.visit(t, s.UID()))
		require.Equal(t, "kept", v)
		time.Sleep(time.Second)
		known(b.Find(asks(old))) // may be found once more, but has the store asked
		time.Sleep(5 * time.Second)
		require.Nil(t, known(b.Find(asks(old))))
		require.Equal(t, session.Elsewhere, copied.Reason())
		require.EqualValues(t, 1, over.Load())
		third := join(t, store)
		require.Nil(t, known(third.Find(asks(old))))
		require.Equal(t, s.UID(), third.visit(t, s.UID()).UID())
		time.Sleep(65 * time.Second)
		require.Len(t, endsOf(a, b, third), 1)
		require.Zero(t, store.Len())
	})
}

// Unsaved changes go with the new uid.
func TestRenewSaves(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		require.NoError(t, note.Set(s, "with it"))
		require.NoError(t, a.Renew(asks(s.UID()), s))
		v, _ := note.Get(b.visit(t, s.UID()))
		require.Equal(t, "with it", v)
	})
}

// A lost answer to a rename may cost the visitor the session, but that still ends
// once, with its values.
func TestALostRename(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "kept")
		p.way.LoseNext("Save", 1, errOutage)
		require.ErrorIs(t, p.Renew(asks(""), s), session.ErrStore)
		time.Sleep(70 * time.Second)
		require.Equal(t, []end{{"kept", 1, session.Idle}}, p.ends())
		require.Zero(t, store.Len())
	})
}

// An id that only the store has is in use.
func TestIDsTakenInTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		same := func(m *session.Manager) { m.Entropy = zeros{} }
		a, b := joinAs(t, store, same), joinAs(t, store, same)
		s := a.visit(t, "")
		_, err := b.Open(asks(""))
		require.ErrorIs(t, err, session.ErrIDs)
		require.Zero(t, b.Stats().Live)
		c := join(t, store)
		other := c.visit(t, "")
		d := joinAs(t, store, same)
		here := d.visit(t, other.UID())
		require.ErrorIs(t, d.Renew(asks(""), here), session.ErrIDs)
		require.Equal(t, other.UID(), here.UID())
		require.Equal(t, other.UID(), d.visit(t, other.UID()).UID())
		require.Equal(t, session.Alive, s.Reason())
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestLongIDsAmongProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := joinAs(t, store, func(m *session.Manager) { m.IDLength = 64 })
		b := join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "long")
		require.Equal(t, s.UID(), b.visit(t, s.UID()).UID())
		require.Nil(t, known(b.Find(asks(s.UID()[:22]))))
		require.NoError(t, b.Renew(asks(""), b.visit(t, s.UID())))
		time.Sleep(70 * time.Second)
		require.Equal(t, []end{{"long", 1, session.Idle}}, endsOf(a, b))
	})
}

// http and https are two worlds, after a reload too.
func TestTheOriginIsKept(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		safe := func(uid string) *fasthttp.RequestCtx {
			ctx := wire(t, overTLS(t))
			ctx.Request.Header.Set("X-Session", uid)
			return ctx
		}
		a, b := join(t, store), join(t, store)
		plain := a.visit(t, "")
		secure, err := a.Open(safe(""))
		require.NoError(t, err)
		both, err := a.Create(nil)
		require.NoError(t, err)
		for _, p := range []*process{a, b} {
			require.NotNil(t, known(p.Find(asks(plain.UID()))))
			require.Nil(t, known(p.Find(safe(plain.UID()))))
			require.NotNil(t, known(p.Find(safe(secure.UID()))))
			require.Nil(t, known(p.Find(asks(secure.UID()))))
			require.NotNil(t, known(p.Find(asks(both.UID()))))
			require.NotNil(t, known(p.Find(safe(both.UID()))))
		}
	})
}

func TestExistsAmongProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		for _, p := range []*process{a, b} {
			yes, err := p.Exists(t.Context(), s.UID())
			require.NoError(t, err)
			require.True(t, yes)
			no, err := p.Exists(t.Context(), "AAAAAAAAAAAAAAAAAAAAAA")
			require.NoError(t, err)
			require.False(t, no)
		}
		b.way.Fail(errOutage)
		_, err := b.Exists(t.Context(), s.UID())
		require.ErrorIs(t, err, session.ErrStore)
		yes, err := a.Exists(t.Context(), s.UID())
		require.NoError(t, err)
		require.True(t, yes)
		s.Expire()
		yes, err = a.Exists(t.Context(), s.UID())
		require.NoError(t, err)
		require.False(t, yes)
	})
}
