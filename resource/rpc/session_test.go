package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/stretchr/testify/require"
)

// awayText is what OSE's clients see.
const awayText = "rpc -- Service went away during the call"

// inBubble runs a test with a session whose time passes by Advance, and all other
// time by itself once nothing else happens.
func inBubble(t *testing.T, test func(t *testing.T, s *session.Session, clock *timer.Wheel)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := new(timer.Wheel)
		m := &session.Manager{Clock: clock}
		s, err := m.Create(nil)
		require.NoError(t, err)
		test(t, s, clock)
		require.NoError(t, m.Close(context.Background()))
	})
}

func forSession(s *session.Session, services ...*rpc.Service) *world {
	g := gateway(services...)
	g.Session = s
	return around(g)
}

// ways to make a call of s.f, each of which returns what was said.
var ways = map[string]func(t *testing.T, w *world) string{
	"xml": func(t *testing.T, w *world) string {
		v, f := w.xml(t, "/rpc", "s.f")
		if f != nil {
			return fmt.Sprint(f.code, " ", f.text)
		}
		return fmt.Sprint(v)
	},
	"json": func(t *testing.T, w *world) string { return w.call(t, "s.f", "[]") },
	"plain": func(t *testing.T, w *world) string {
		code, said := w.get(t, "/rpc/s/f/plain")
		return fmt.Sprint(code, " ", said)
	},
}

func requireAway(t *testing.T, way, said string) {
	t.Helper()
	switch way {
	case "xml":
		require.Contains(t, said, "57 "+awayText)
	case "json":
		require.Contains(t, said, `"code":-32001,"message":"Service went away during the call"`)
	case "plain":
		require.Contains(t, said, "410 "+awayText)
	}
}

// whenEnded makes a call, ends the session while it is under way, and returns what
// was said how long after the end.
func whenEnded(t *testing.T, way string, end func(*session.Session, *timer.Wheel), f func(ctx context.Context, release <-chan struct{}) (string, error)) (said string, after time.Duration) {
	t.Helper()
	inBubble(t, func(t *testing.T, s *session.Session, clock *timer.Wheel) {
		release := make(chan struct{}) // closed once it has been answered
		w := forSession(s, one("s", "f", func(ctx context.Context) (string, error) { return f(ctx, release) }))
		var answered time.Time
		done := make(chan struct{})
		go func() {
			defer close(done)
			said = ways[way](t, w)
			answered = time.Now()
		}()
		synctest.Wait()
		start := time.Now()
		end(s, clock)
		<-done
		after = answered.Sub(start)
		close(release)
	})
	return said, after
}

func expire(s *session.Session, _ *timer.Wheel) { s.Expire() }

func TestTheSessionEndsDuringACall(t *testing.T) {
	for way := range ways {
		for name, end := range map[string]func(*session.Session, *timer.Wheel){
			"expired": expire,
			"idle":    func(_ *session.Session, clock *timer.Wheel) { clock.Advance(time.Hour) },
		} {
			t.Run(way+" "+name+", one that stops", func(t *testing.T) {
				said, after := whenEnded(t, way, end, func(ctx context.Context, _ <-chan struct{}) (string, error) {
					<-ctx.Done()
					if !errors.Is(context.Cause(ctx), session.ErrEnded) {
						return "the cause is another", nil
					}
					return "", ctx.Err()
				})
				requireAway(t, way, said)
				require.Zero(t, after, "it is told at once")
			})
		}
		t.Run(way+", one that panics", func(t *testing.T) {
			said, after := whenEnded(t, way, expire, func(ctx context.Context, _ <-chan struct{}) (string, error) {
				<-ctx.Done()
				panic("the cursor is gone")
			})
			requireAway(t, way, said)
			require.Zero(t, after)
		})
		t.Run(way+", one that goes on", func(t *testing.T) {
			said, after := whenEnded(t, way, expire, func(_ context.Context, release <-chan struct{}) (string, error) { <-release; return "late", nil })
			requireAway(t, way, said)
			require.Equal(t, time.Second, after, "it blocks still")
		})
		t.Run(way+", one that is done all the same", func(t *testing.T) {
			said, after := whenEnded(t, way, expire, func(ctx context.Context, _ <-chan struct{}) (string, error) { <-ctx.Done(); return "done", nil })
			require.Contains(t, said, "done")
			require.Zero(t, after)
		})
	}
}

func TestACallThatEndsItsOwnSession(t *testing.T) {
	for way, say := range ways {
		t.Run(way, func(t *testing.T) {
			s := open(t)
			ended := false
			s.NotifyOnExpire(func() { ended = true })
			w := forSession(s, one("s", "f", func() string { s.Expire(); return "own result" }))
			require.Contains(t, say(t, w), "own result")
			require.True(t, ended)
			requireAway(t, way, say(t, w))
		})
	}
}

// However the two threads meet, the answer is the same.
func TestAnErrorAfterTheEndIsAlwaysTheSame(t *testing.T) {
	seen := make(map[string]int)
	for range 2000 {
		s := open(t)
		w := forSession(s, one("s", "f", func() error { s.Expire(); return errors.New("own error") }))
		seen[ways["xml"](t, w)]++
	}
	require.Len(t, seen, 1, "%v", seen)
}

func TestCallsAfterTheEnd(t *testing.T) {
	s := open(t)
	calls := 0
	w := forSession(s, one("s", "f", func() { calls++ }))
	require.Contains(t, ways["json"](t, w), `"result":null`)
	require.Equal(t, 1, calls)
	s.Expire()
	for way, say := range ways {
		requireAway(t, way, say(t, w))
	}
	for _, method := range []string{"system.listMethods", "s.f"} {
		_, f := w.xml(t, "/rpc", method)
		require.NotNil(t, f)
		require.Contains(t, f.text, awayText)
	}
	v, f := w.xml(t, "/rpc", "system.multicall", xmlArray(call("s.f"), call("s.f")))
	if f == nil {
		for _, r := range v.([]any) {
			require.Contains(t, r.(map[string]any)["faultString"], awayText)
		}
	} else {
		require.Contains(t, f.text, awayText)
	}
	require.Equal(t, 1, calls)
	require.Contains(t, w.call(t, "s.nobody", "[]"), "error")
	w.quiet(t)
}

func TestHooksKnowTheSession(t *testing.T) {
	s := open(t)
	g := gateway(one("s", "f", func() {}))
	g.Session = s
	var saw *session.Session
	g.Hook = func(ctx context.Context, c *rpc.Call) (any, error) { saw = c.Session; return c.Invoke(ctx) }
	_, f := around(g).xml(t, "/rpc", "s.f")
	require.Nil(t, f)
	require.Same(t, s, saw)
}

// Nothing of a multicall hangs either.
func TestAMulticallWhoseSessionEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, s *session.Session, _ *timer.Wheel) {
		release := make(chan struct{})
		var calls atomic.Int32
		service := one("s", "f", func() { calls.Add(1); <-release })
		service.Export("quick", func() string { return "done" })
		w := forSession(s, service)
		done := make(chan time.Time, 1)
		go func() {
			v, f := w.xml(t, "/rpc", "system.multicall", xmlArray(call("s.quick"), call("s.f"), call("s.quick"), call("s.f")))
			if f != nil {
				t.Errorf("%v", f)
			}
			for i, r := range v.([]any) { // what has been done before is told
				want := awayText
				if i == 0 {
					want = "done"
				}
				if !strings.Contains(fmt.Sprint(r), want) {
					t.Errorf("call %d: %v", i, r)
				}
			}
			done <- time.Now()
		}()
		synctest.Wait()
		start := time.Now()
		s.Expire()
		require.LessOrEqual(t, (<-done).Sub(start), 2*time.Second)
		require.EqualValues(t, 1, calls.Load())
		close(release)
		synctest.Wait()
	})
}

// The context of a call ends with the call, so that nothing it has begun goes on.
func TestTheContextEndsWithTheCall(t *testing.T) {
	var kept context.Context
	w := forSession(open(t), one("s", "f", func(ctx context.Context) { kept = ctx }))
	_, f := w.xml(t, "/rpc", "s.f")
	require.Nil(t, f)
	require.Error(t, kept.Err())
}

func TestManyCallsWhenTheSessionEnds(t *testing.T) {
	for range 20 {
		s := open(t)
		begun := make(chan struct{}, 100)
		w := forSession(s, one("s", "f", func(ctx context.Context) (string, error) {
			begun <- struct{}{}
			<-ctx.Done()
			return "", errors.New("interrupted")
		}))
		quick := forSession(s, one("s", "f", func() string { return "result" }))
		var all sync.WaitGroup
		for range 8 {
			for way, say := range ways {
				all.Go(func() {
					if said := say(t, w); !strings.Contains(said, "went away") {
						t.Errorf("%s: %s", way, said)
					}
				})
				all.Go(func() {
					if said := say(t, quick); !strings.Contains(said, "went away") && !strings.Contains(said, "result") {
						t.Errorf("%s: %s", way, said)
					}
				})
			}
		}
		for range 5 {
			<-begun
		}
		s.Expire()
		finished := make(chan struct{})
		go func() { all.Wait(); close(finished) }()
		select {
		case <-finished:
		case <-time.After(patience):
			require.Fail(t, "a call hangs")
		}
	}
}
