package resource_test

import (
	"bufio"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// A response that is put aside by TimeoutError takes its stream with it, which
// is then neither read nor closed; the session must not wait for that.
func TestTimeoutErrorOverAStreamHoldsNothing(t *testing.T) {
	tree, _ := newTree(resource.GET(func(req *resource.Request) {
		req.GetSession()
		req.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString("late") })
		req.TimeoutError("too late")
	}))
	ctx := get(t, "/")
	tree.Handler(ctx)
	require.Equal(t, int64(1), tree.Sessions.Stats().Live)
	tree.Sessions.Clock.Advance(session.DefaultTimeout + time.Second)
	require.Zero(t, tree.Sessions.Stats().Live)
}

// What runs after Render and wrongly uses the Request must not find another
// visitor's session there.
func TestStreamNeverSeesAnotherVisitor(t *testing.T) {
	seen := make(chan *session.Session)
	go_ := make(chan struct{})
	root := new(resource.Branch)
	root.PutChild("stream", resource.GET(func(req *resource.Request) {
		req.SetBodyStreamWriter(func(*bufio.Writer) {
			<-go_
			seen <- req.PeekSession()
		})
	}))
	var others []*session.Session
	root.PutChild("other", resource.GET(func(req *resource.Request) {
		s := req.GetSession()
		others = append(others, s)
		if len(others) == 1 {
			close(go_)
			require.NotSame(t, s, <-seen)
		}
	}))
	tree, _ := newTree(root)
	tree.Handler(get(t, "/stream"))
	tree.Handler(get(t, "/other"))
	require.Len(t, others, 1)
}
