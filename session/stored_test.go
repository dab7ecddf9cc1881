package session_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

var (
	note   = session.NewKey[string]("note")
	number = session.NewKey[int]("number")
)

// process is a Manager as it would be in a process of its own, with its own way
// to the store.
type process struct {
	*session.Manager
	way *storetest.Faulty

	mu    sync.Mutex
	ended []end
}

type end struct {
	note   string
	number int
	why    session.Reason
}

func (p *process) ends() []end {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]end(nil), p.ended...)
}

// join starts a process at the store, for sessions of a minute.
func join(t *testing.T, store session.Store) *process {
	p := &process{way: &storetest.Faulty{Store: store}}
	p.Manager = &session.Manager{
		Store:   p.way,
		Factory: session.Lasting(time.Minute),
		Carrier: session.Header{},
		Log:     slog.New(slog.DiscardHandler),
	}
	p.OnExpire = func(s *session.Session) {
		e := end{why: s.Reason()}
		e.note, _ = note.Get(s)
		e.number, _ = number.Get(s)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended = append(p.ended, e)
	}
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) stop(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = p.Close(ctx)
	synctest.Wait()
}

// visit finds or makes the session of a request that brings the uid.
func (p *process) visit(t *testing.T, uid string) *session.Session {
	s, err := p.Open(asks(uid))
	require.NoError(t, err)
	require.NotNil(t, s)
	return s
}

func asks(uid string) *fasthttp.RequestCtx {
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(new(fasthttp.Request), nil, nil)
	ctx.Request.Header.Set("X-Session", uid)
	return ctx
}

func inBubble(t *testing.T, f func(t *testing.T, store *storetest.Memory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, new(storetest.Memory)) })
}

func TestASessionOutlivesItsProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		first := join(t, store)
		s := first.visit(t, "")
		uid := s.UID()
		require.NoError(t, note.Set(s, "kept"))
		require.NoError(t, number.Update(s, func(n *int) { *n = 7 }))
		require.NoError(t, first.Save(nil, s))
		time.Sleep(20 * time.Second)
		require.NoError(t, first.Close(t.Context()))
		require.Equal(t, session.Shutdown, s.Reason())
		require.Empty(t, first.ends())

		second := join(t, store)
		time.Sleep(10 * time.Second)
		again, err := second.Peek(asks(uid))
		require.NoError(t, err)
		require.Equal(t, uid, again.UID())
		require.InDelta(t, 30*time.Second, again.Remaining(), float64(10*time.Millisecond))
		v, _ := note.Get(again)
		n, _ := number.Get(again)
		require.Equal(t, "kept", v)
		require.Equal(t, 7, n)
		time.Sleep(36 * time.Second) // a 15th late, as the first process might have been killed
		require.Equal(t, []end{{"kept", 7, session.Idle}}, second.ends())
		require.Zero(t, store.Len())
	})
}

func TestTheSurvivorEndsTheSessionsOfTheDead(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		first, second := join(t, store), join(t, store)
		for i := range 200 {
			s := first.visit(t, "")
			require.NoError(t, number.Set(s, i))
			require.NoError(t, first.Save(nil, s))
		}
		second.visit(t, "") // has it start
		first.way.Fail(errors.New("killed"))
		time.Sleep(61 * time.Second)
		require.Len(t, second.ends(), 1) // its own
		time.Sleep(10 * time.Second)
		require.Len(t, second.ends(), 201)
		require.Zero(t, store.Len())
	})
}

func TestUseElsewhereKeepsASessionAlive(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		first, second := join(t, store), join(t, store)
		s := first.visit(t, "")
		var called atomic.Int64
		s.NotifyOnExpire(func() { called.Add(1) })
		for range 30 {
			time.Sleep(10 * time.Second)
			require.Equal(t, s.UID(), second.visit(t, s.UID()).UID())
		}
		require.Equal(t, session.Alive, s.Reason())
		require.Zero(t, called.Load())
		time.Sleep(65 * time.Second)
		require.EqualValues(t, 1, called.Load())
		require.Len(t, append(first.ends(), second.ends()...), 1)
		require.Zero(t, store.Len())
	})
}

func TestABusySessionHardlyAsksTheStore(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p := join(t, store)
		p.Factory = session.Lasting(15 * time.Minute)
		s := p.visit(t, "")
		before := p.way.Calls() - p.way.Calls("Due")
		for range 3600 {
			time.Sleep(time.Second)
			require.Same(t, s, p.visit(t, s.UID()))
		}
		require.LessOrEqual(t, p.way.Calls()-p.way.Calls("Due")-before, 61)
	})
}

func TestNoUpdateIsLostAmongProcesses(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		first, second := join(t, store), join(t, store)
		uid := first.visit(t, "").UID()
		var all sync.WaitGroup
		for i := range 16 {
			p := first
			if i%2 == 1 {
				p = second
			}
			all.Go(func() {
				for range 100 {
					s := p.visit(t, uid)
					if err := number.Update(s, func(n *int) { *n++ }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		third := join(t, store)
		n, _ := number.Get(third.visit(t, uid))
		require.Equal(t, 1600, n)
	})
}

func TestAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, store *storetest.Memory) {
		p, other := join(t, store), join(t, store)
		s := p.visit(t, "")
		require.NoError(t, note.Set(s, "before"))
		require.NoError(t, p.Save(nil, s))
		elsewhere := other.visit(t, "").UID()
		p.way.Fail(errors.New("outage"))

		require.Same(t, s, p.visit(t, s.UID()))
		_, err := p.Open(asks(elsewhere))
		require.ErrorIs(t, err, session.ErrStore)
		_, err = p.Open(asks(""))
		require.ErrorIs(t, err, session.ErrStore)
		require.NoError(t, note.Set(s, "meanwhile"))
		require.ErrorIs(t, p.Save(nil, s), session.ErrStore)
		require.ErrorIs(t, number.Update(s, func(n *int) { *n++ }), session.ErrStore)
		v, _ := note.Get(s)
		require.Equal(t, "before", v)
		require.True(t, p.Stats().Store.Down)

		p.way.Fail(nil)
		time.Sleep(time.Second)
		require.False(t, p.Stats().Store.Down)
		require.Equal(t, elsewhere, p.visit(t, elsewhere).UID())
		require.Same(t, s, p.visit(t, s.UID()))
	})
}
