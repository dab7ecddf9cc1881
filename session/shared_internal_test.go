package session

import (
	"bytes"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// memory returns what a value consists of.
func memory[T any](p *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)) }

func finds(m *Manager, ctx *fasthttp.RequestCtx, want *Session) bool {
	found, err := m.Find(ctx)
	seen, err2 := m.Peek(ctx)
	return found == want && seen == want && err == nil && err2 == nil
}

// TestARequestWritesNothingButItsSession is why requests on many cores do not
// wait for one another: all that they share is as it was afterwards, to the
// byte, and of the session itself one word has changed.
func TestARequestWritesNothingButItsSession(t *testing.T) {
	clock := new(timer.Wheel)
	cookie := new(Cookie)
	m := &Manager{Clock: clock, Carrier: cookie}
	all := make([]*Session, 1000)
	for i := range all {
		s, err := m.Create(nil)
		require.NoError(t, err)
		all[i] = s
	}
	requests := func() {
		var wg sync.WaitGroup
		for core := range 4 {
			wg.Go(func() {
				ctx := new(fasthttp.RequestCtx)
				for i := range all {
					s := all[(i+core*250)%len(all)]
					ctx.Init(new(fasthttp.Request), nil, nil)
					ctx.Request.Header.SetCookie("sid", s.UID())
					found, isNew, err := m.Acquire(ctx)
					if err != nil || isNew || found != s || !finds(m, ctx, s) {
						t.Error("not the session that was asked for")
						return
					}
					found.Release()
				}
			})
		}
		wg.Wait()
	}
	requests() // what is made at first use is made
	clock.Advance(time.Minute)

	var shared, before [][]byte
	shared = append(shared, memory(m), memory(clock), memory(m.keys), memory(cookie))
	for i := range m.table.shards {
		p := m.table.shards[i].buckets.Load()
		if p == nil {
			continue
		}
		shared = append(shared, memory(p))
		for j := range *p {
			shared = append(shared, memory(&(*p)[j]))
		}
	}
	sessions := make([][]byte, len(all))
	for i, s := range all {
		sessions[i] = bytes.Clone(memory(s))
	}
	for _, b := range shared {
		before = append(before, bytes.Clone(b))
	}
	requests()
	for i, b := range shared {
		require.True(t, bytes.Equal(before[i], b), "what requests share was written (%d)", i)
	}
	word := unsafe.Sizeof(activity{})
	require.Zero(t, unsafe.Offsetof(all[0].activity))
	for i, s := range all {
		require.NotEqual(t, sessions[i][:word], memory(s)[:word], "it was touched")
		require.Equal(t, sessions[i][word:], memory(s)[word:])
	}
}
