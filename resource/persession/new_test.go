package persession_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// What New does wrong leaves nothing behind, and is told to nobody but the log.
func TestNewThatFails(t *testing.T) {
	for name, end := range map[string]func(context.Context) (resource.Resource, error){
		"error":           func(context.Context) (resource.Resource, error) { return nil, errBoom },
		"error and more":  func(context.Context) (resource.Resource, error) { return say("boom"), errBoom },
		"nil":             func(context.Context) (resource.Resource, error) { return nil, nil },
		"panic":           func(context.Context) (resource.Resource, error) { panic(errBoom) },
		"panic of runes":  func(context.Context) (resource.Resource, error) { panic([]rune("boom")) },
		"panic of Abort":  func(ctx context.Context) (resource.Resource, error) { return nil, aborted(ctx) },
		"as ErrFull does": func(context.Context) (resource.Resource, error) { return nil, context.Canceled },
	} {
		t.Run(name, func(t *testing.T) {
			closer := own()
			var last *session.Session
			w := newWorld(t, nil, func(sp *persession.Space) {
				sp.Sessions.Limit = 1
				sp.New = func(ctx context.Context, s *session.Session) (resource.Resource, error) {
					last = s
					s.Own(closer)
					return end(ctx)
				}
			})
			for i := range 3 {
				was := w.log.entries()
				r := w.do("POST", "/cursors")
				require.Equal(t, 500, r.StatusCode())
				require.Equal(t, "500 Internal Server Error\n", string(r.Body()))
				require.Empty(t, header(r, "Location"))
				require.EqualValues(t, i+1, closer.n.Load(), "what it owned is released once")
				require.Zero(t, w.Sessions.Stats().Live)
				require.Equal(t, session.Expired, last.Reason())
				require.Greater(t, w.log.entries(), was)
				require.Equal(t, 404, w.code("GET", "/cursors/"+last.UID()))
				require.NotContains(t, w.log.String(), last.UID())
			}
			s, err := w.Open(t.Context(), 0)
			require.Nil(t, s)
			require.Error(t, err)
			if strings.HasPrefix(name, "error") {
				require.ErrorIs(t, err, errBoom)
			}
			require.EqualValues(t, 4, closer.n.Load())
		})
	}
}

// aborted does what ends a request, which a New has no business with.
func aborted(ctx context.Context) error {
	(&resource.Request{}).Abort(200, "opened")
	return ctx.Err()
}

type traceKey struct{}

func TestTheContextOfNew(t *testing.T) {
	var got any
	w := newWorld(t, nil, func(sp *persession.Space) {
		sp.New = func(ctx context.Context, s *session.Session) (resource.Resource, error) {
			got = ctx.Value(traceKey{})
			require.Equal(t, session.Alive, s.Reason())
			return say("here"), nil
		}
	})
	_, err := w.Open(context.WithValue(t.Context(), traceKey{}, "Open"), 0)
	require.NoError(t, err)
	require.Equal(t, "Open", got)
	guard := resource.Func(func(req *resource.Request) {
		req.SetUserValue(traceKey{}, "request")
		resource.Serve(w.Space, req)
	})
	w.root.PutChild("guarded", guard)
	require.Equal(t, 201, w.code("POST", "/guarded"))
	require.Equal(t, "request", got)
}

// New may take longer than the timeout: nobody is idle who has not been told the
// address.
func TestANewThatTakesItsTime(t *testing.T) {
	var w *world
	w = newWorld(t, func(*session.Session) resource.Resource {
		w.wheel.Advance(time.Hour)
		return say("here")
	})
	r := w.do("POST", "/cursors?timeout=1")
	require.Equal(t, 201, r.StatusCode())
	require.Equal(t, "here", string(w.do("GET", header(r, "Location")).Body()))
}

// A session that ends while New is still at work has no address to be told.
func TestTheEndInTheMidstOfNew(t *testing.T) {
	for name, end := range map[string]func(w *world, s *session.Session){
		"by New itself": func(_ *world, s *session.Session) { s.Expire() },
		"lifetime": func(w *world, s *session.Session) {
			s.SetLifetime(minute)
			w.wheel.Advance(2 * minute)
		},
		"shutdown": func(w *world, _ *session.Session) { _ = w.Sessions.Close(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			before, after := own(), own()
			var w *world
			w = newWorld(t, func(s *session.Session) resource.Resource {
				s.Own(before)
				end(w, s)
				s.Own(after)
				return say("here")
			})
			r := w.do("POST", "/cursors")
			require.GreaterOrEqual(t, r.StatusCode(), 500, "nothing is there that could be opened")
			require.Empty(t, header(r, "Location"))
			for _, o := range []*owned{before, after} {
				receive(t, o.done)
				require.EqualValues(t, 1, o.n.Load())
			}
			_, err := w.Open(t.Context(), 0)
			require.Error(t, err)
			require.Zero(t, w.Sessions.Stats().Live)
		})
	}
}
