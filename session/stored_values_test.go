package session_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

// Two processes change different values without hearing of each other.
func TestDifferentValuesDoNotClash(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b, c := join(t, store), join(t, store), join(t, store)
		s := a.visit(t, "")
		other := b.visit(t, s.UID())
		for i := range 20 {
			require.NoError(t, note.Set(s, strings.Repeat("x", i)))
			require.NoError(t, number.Set(other, i))
			require.NoError(t, a.Save(nil, s))
			require.NoError(t, b.Save(nil, other))
		}
		third := c.visit(t, s.UID())
		v, _ := note.Get(third)
		n, _ := number.Get(third)
		require.Equal(t, strings.Repeat("x", 19), v)
		require.Equal(t, 19, n)
		// Each has the other's with the next request.
		n, _ = number.Get(a.visit(t, s.UID()))
		v, _ = note.Get(b.visit(t, s.UID()))
		require.Equal(t, 19, n)
		require.Equal(t, strings.Repeat("x", 19), v)
		note.Delete(third)
		require.NoError(t, c.Save(nil, third))
		require.NoError(t, note.Set(s, "last"))
		require.NoError(t, a.Save(nil, s))
		v, _ = note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "last", v)
	})
}

func TestSharedSeesEachChange(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		shared := func(m *session.Manager) { m.Shared = true }
		a, b := joinAs(t, store, shared), joinAs(t, store, shared)
		uid := a.visit(t, "").UID()
		for i := range 20 {
			p, q := a, b
			if i%2 == 0 {
				p, q = b, a
			}
			p.save(t, p.visit(t, uid), strings.Repeat("x", i))
			v, _ := note.Get(q.visit(t, uid))
			require.Equal(t, strings.Repeat("x", i), v)
		}
		a.visit(t, uid).Expire()
		require.Nil(t, known(b.Find(asks(uid))))
	})
}

func TestClearAmongProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "x")
		other := b.visit(t, s.UID())
		late := session.NewKey[string]("late")
		require.NoError(t, late.Set(other, "added"))
		require.NoError(t, b.Save(nil, other))
		s.SetTimeout(2 * time.Minute)
		s.Clear()
		_, ok := note.Get(s)
		require.False(t, ok)
		require.NoError(t, a.Save(nil, s))
		third := join(t, store).visit(t, s.UID())
		for _, key := range []session.Key[string]{note, late} {
			_, ok = key.Get(third)
			require.False(t, ok, key)
		}
		require.Equal(t, 2*time.Minute, third.Timeout())
		require.NoError(t, note.Set(s, "anew"))
		require.NoError(t, a.Save(nil, s))
		v, _ := note.Get(b.visit(t, s.UID()))
		_ = v // of b, which sees it soon
		v, _ = note.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, "anew", v)
	})
}

// Update after Clear, of a value that another process has added meanwhile.
func TestUpdateAfterClear(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		other := b.visit(t, s.UID())
		require.NoError(t, number.Set(other, 100))
		require.NoError(t, b.Save(nil, other))
		s.Clear()
		require.NoError(t, number.Update(s, func(n *int) { *n++ }))
		n, _ := number.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, 1, n)
	})
}

// What cannot be kept is refused when it is set, and changes nothing.
func TestValuesThatCannotBeKept(t *testing.T) {
	type secret struct{ hidden int }
	type wrapped struct{ secret }
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		p.save(t, s, "x")
		calls := p.way.Calls("Save")
		cases := map[string]func() error{
			"a channel":               func() error { return session.NewKey[chan int]("note").Set(s, make(chan int)) },
			"a function":              func() error { return session.NewKey[func()]("note").Set(s, func() {}) },
			"no exported fields":      func() error { return session.NewKey[secret]("note").Set(s, secret{1}) },
			"a pointer to such":       func() error { return session.NewKey[*secret]("note").Set(s, &secret{1}) },
			"such embedded":           func() error { return session.NewKey[wrapped]("note").Set(s, wrapped{secret{1}}) },
			"a name too long":         func() error { return session.NewKey[int](strings.Repeat("x", 256)).Set(s, 1) },
			"a name that is not text": func() error { return session.NewKey[int]("\xff").Set(s, 1) },
			"no name":                 func() error { return session.NewKey[int]("").Set(s, 1) },
			"Update to a channel": func() error {
				return session.NewKey[chan int]("other").Update(s, func(c *chan int) { *c = make(chan int) })
			},
			"Update with no name": func() error { return session.NewKey[int]("").Update(s, func(*int) {}) },
		}
		for name, set := range cases {
			require.Error(t, set(), name)
			require.NotErrorIs(t, set(), session.ErrStore, name)
		}
		require.NoError(t, p.Save(asks(""), s))
		require.Equal(t, calls, p.way.Calls("Save"))
		v, _ := note.Get(s)
		require.Equal(t, "x", v)
		require.NoError(t, session.NewKey[int](strings.Repeat("x", 255)).Set(s, 1))
		require.NoError(t, p.Save(nil, s))
		require.Zero(t, p.Stats().Store.Unsaved)
	})
}

func TestLocalValuesStayHere(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		local := session.NewLocalKey[chan int]("note")
		a, b := join(t, store), join(t, store)
		s := a.visit(t, "")
		c := make(chan int)
		require.NoError(t, local.Set(s, c))
		require.NoError(t, note.Set(s, "of the store"))
		require.NoError(t, a.Save(nil, s))
		other := b.visit(t, s.UID())
		_, ok := local.Get(other)
		require.False(t, ok)
		b.save(t, other, "changed")
		time.Sleep(10 * time.Second)
		a.visit(t, s.UID())
		time.Sleep(time.Second)
		require.Same(t, s, a.visit(t, s.UID()))
		v, _ := note.Get(s)
		require.Equal(t, "changed", v, "the copy has been read again")
		got, ok := local.Get(s)
		require.True(t, ok)
		require.Equal(t, c, got)
		s.Clear()
		_, ok = local.Get(s)
		require.False(t, ok, "Clear takes all")
	})
}

func TestValuesOfTheFactoryAreKept(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		made := func(m *session.Manager) {
			m.Factory = func(uid string) *session.Session {
				s := session.Lasting(2 * time.Minute)(uid)
				_ = note.Set(s, "made with")
				s.SetLifetime(time.Hour)
				return s
			}
		}
		a := joinAs(t, store, made)
		s := a.visit(t, "")
		v, _ := note.Get(s)
		require.Equal(t, "made with", v)
		require.NoError(t, note.Set(s, "changed"))
		require.NoError(t, a.Save(nil, s))
		again := joinAs(t, store, made).visit(t, s.UID())
		v, _ = note.Get(again)
		require.Equal(t, "changed", v)
		plain := join(t, store).visit(t, s.UID())
		require.Equal(t, 2*time.Minute, plain.Timeout())
		for range 31 {
			require.Equal(t, s.UID(), a.visit(t, s.UID()).UID())
			time.Sleep(119 * time.Second)
		}
		require.Nil(t, known(a.Find(asks(s.UID()))), "the lifetime is over")
	})
}

func TestAFactoryWhoseValuesCannotBeKept(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var log journal
		p := joinAs(t, store, func(m *session.Manager) {
			m.Log = log.logger()
			m.Factory = func(uid string) *session.Session {
				s := session.New(uid)
				_ = session.NewKey[chan int]("c").Set(s, make(chan int))
				return s
			}
		})
		_, err := p.Open(asks(""))
		require.ErrorIs(t, err, session.ErrFactory)
		require.Contains(t, log.String(), "the factory")
		require.Zero(t, store.Len())
		require.Zero(t, p.Stats().Live)
	})
}

func TestTwoKeysOfOneName(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		s := p.visit(t, "")
		one, two, text := session.NewKey[int]("n"), session.NewKey[int64]("n"), session.NewKey[string]("n")
		require.NoError(t, one.Set(s, 1))
		require.NoError(t, two.Update(s, func(n *int64) { *n++ }))
		for range 3 {
			n, ok := one.Get(s)
			m, _ := two.Get(s)
			require.True(t, ok)
			require.Equal(t, 2, n)
			require.EqualValues(t, 2, m)
			_, ok = text.Get(s)
			require.False(t, ok)
		}
	})
}

// A value of another type is not there, as far as Get goes, and stays as it is.
func TestAValueOfAnotherType(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		var log journal
		a := join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "text")
		b := joinAs(t, store, func(m *session.Manager) { m.Log = log.logger() })
		wrong := session.NewKey[int]("note")
		other := b.visit(t, s.UID())
		for range 3 {
			_, ok := wrong.Get(other)
			require.False(t, ok)
			require.ErrorIs(t, wrong.Update(other, func(*int) { t.Error("called") }), session.ErrUnreadable)
		}
		require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
		require.NotContains(t, log.String(), s.UID())
		v, _ := note.Get(other)
		require.Equal(t, "text", v)
		require.NoError(t, wrong.Set(other, 3))
		require.NoError(t, b.Save(nil, other))
		n, _ := wrong.Get(join(t, store).visit(t, s.UID()))
		require.Equal(t, 3, n)
	})
}

// Empty values are values.
func TestEmptyValues(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s := a.visit(t, "")
		empty, null, list := session.NewKey[string]("e"), session.NewKey[*int]("n"), session.NewKey[[]byte]("l")
		none := session.NewKey[struct{}]("s")
		require.NoError(t, empty.Set(s, ""))
		require.NoError(t, null.Set(s, nil))
		require.NoError(t, list.Set(s, nil))
		require.NoError(t, none.Set(s, struct{}{}))
		require.NoError(t, a.Save(nil, s))
		other := join(t, store).visit(t, s.UID())
		v, ok := empty.Get(other)
		require.True(t, ok)
		require.Empty(t, v)
		p, ok := null.Get(other)
		require.True(t, ok)
		require.Nil(t, p)
		b, ok := list.Get(other)
		require.True(t, ok)
		require.Nil(t, b)
		_, ok = none.Get(other)
		require.True(t, ok)
	})
}

// blank is a Codec that writes nothing at all.
type blank struct{}

func (blank) Encode(any) ([]byte, error) { return nil, nil }
func (blank) Decode([]byte, any) error   { return nil }

func TestACodecThatWritesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		odd := func(m *session.Manager) { m.Codec = blank{} }
		a := joinAs(t, store, odd)
		s := a.visit(t, "")
		a.save(t, s, "x")
		_, ok := note.Get(joinAs(t, store, odd).visit(t, s.UID()))
		require.True(t, ok)
	})
}

// flipping is a Store that hands out records changed by a function.
type flipping struct {
	*storetest.Memory
	change func(r *session.Record)
}

func (b *flipping) Load(ctx context.Context, key session.StoreKey) (session.Record, error) {
	r, err := b.Memory.Load(ctx, key)
	if err == nil {
		b.change(&r)
	}
	return r, err
}

func (b *flipping) Due(ctx context.Context, limit int, grace time.Duration, terms session.Terms) ([]session.Claim, error) {
	all, err := b.Memory.Due(ctx, limit, grace, terms)
	for i := range all {
		b.change(&all[i].Record)
	}
	return all, err
}

// Whatever bit of a record is another one, it is set aside and leads to nothing.
func TestDamagedRecords(t *testing.T) {
	changes := map[string]func(r *session.Record){
		"no header": func(r *session.Record) {
			r.Fields = deleteField(r.Fields, "")
		},
		"no fields":   func(r *session.Record) { r.Fields = nil },
		"no bytes":    func(r *session.Record) { r.Fields[0].Value = nil },
		"cut":         func(r *session.Record) { f := &r.Fields[0]; f.Value = f.Value[:len(f.Value)-1] },
		"longer":      func(r *session.Record) { f := &r.Fields[0]; f.Value = append(f.Value, 0) },
		"a later one": func(r *session.Record) { r.Fields[0].Value[0]++ },
		"swapped": func(r *session.Record) {
			r.Fields[0].Value, r.Fields[1].Value = r.Fields[1].Value, r.Fields[0].Value
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) { damaged(t, change) })
	}
	t.Run("each bit", func(t *testing.T) {
		for field := range 3 {
			for at := 0; at < 8*20; at += 3 {
				damaged(t, func(r *session.Record) {
					b := r.Fields[field].Value
					b[at/8%len(b)] ^= 1 << (at % 8)
				})
			}
		}
	})
}

func deleteField(all []session.Field, name string) (rest []session.Field) {
	for _, f := range all {
		if f.Name != name {
			rest = append(rest, f)
		}
	}
	return rest
}

func damaged(t *testing.T, change func(r *session.Record)) {
	t.Helper()
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		s := a.visit(t, "")
		a.save(t, s, "x")
		require.NoError(t, a.Close(t.Context()))
		var log journal
		b := joinAs(t, &flipping{store, change}, func(m *session.Manager) { m.Log = log.logger() })
		other := b.visit(t, s.UID())
		require.NotEqual(t, s.UID(), other.UID())
		_, ok := note.Get(other)
		require.False(t, ok)
		require.Contains(t, log.String(), "set aside")
		require.NotContains(t, log.String(), s.UID())
		require.Len(t, store.Aside(), 1)
		require.EqualValues(t, 1, b.Stats().Store.SetAside)
		other.Expire()
	})
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		a := join(t, store)
		a.save(t, a.visit(t, ""), "x")
		require.NoError(t, a.Close(t.Context()))
		b := join(t, &flipping{store, change})
		b.visit(t, "").Expire()
		time.Sleep(2 * time.Minute)
		require.Len(t, b.ends(), 1, "nobody's end is called for what cannot be read")
		require.Len(t, store.Aside(), 1)
	})
}
