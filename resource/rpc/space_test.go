package rpc_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
)

// A cursor is what a session owns.
type cursor struct{ closed chan struct{} }

func (c *cursor) Close() error { close(c.closed); return nil }

// database has a function that opens cursors, each at an address of its own.
func database() (*rpc.Gateway, *cursor) {
	c := &cursor{make(chan struct{})}
	cursors := &persession.Space{}
	s := &rpc.Service{Name: "database", Sessions: cursors}
	g := gateway(s)
	cursors.New = func(_ context.Context, se *session.Session) (resource.Resource, error) {
		se.Own(c)
		var r rpc.Registry
		r.Add(one("cursor", "fetch", func() int { return 5 }))
		own := &rpc.Gateway{Registry: &r, Session: se}
		return own.At("cursor"), nil
	}
	s.Export("open", func(ctx context.Context) (string, error) {
		se, err := cursors.Open(ctx, 0)
		if err != nil {
			return "", err
		}
		return se.UID(), nil
	})
	return g, c
}

func TestSessionsOfAService(t *testing.T) {
	g, c := database()
	w := around(g)
	id, f := w.xml(t, "/rpc", "database.open")
	require.Nil(t, f)
	address := "/rpc/database/" + id.(string)
	v, f := w.xml(t, address, "fetch")
	require.Nil(t, f)
	require.EqualValues(t, 5, v)
	code, said := w.get(t, address+"/fetch/plain")
	require.Equal(t, 200, code)
	require.Equal(t, "5", said)
	_, f = w.xml(t, address, "open")
	require.EqualValues(t, 55, f.code, "it has its own functions")

	ctx := w.asked(t, "GET", address+"/fetch/plain?a=b", "")
	require.Equal(t, "/rpc/database/*/fetch/plain?*", string(resource.Redacted(ctx, []byte(address+"/fetch/plain?a=b"))))
	for _, path := range []string{"/rpc/database/" + strings.Repeat("A", 22), "/rpc/" + id.(string), "/rpc/database/open/" + id.(string), address + "x", "/rpc/system/" + id.(string)} {
		code, _ = w.get(t, path)
		require.Equal(t, 404, code, path)
	}
	_, page := w.get(t, "/rpc/database")
	require.NotContains(t, page, id)

	require.Equal(t, 204, w.ask(t, "DELETE", address, "").StatusCode())
	<-c.closed
	require.Equal(t, 404, w.ask(t, "POST", address, xmlCall("fetch"), "Content-Type: text/xml").StatusCode())
	w.quiet(t)
}

// A client ends the session while a call of another one is under way.
func TestASessionThatIsEndedByAnother(t *testing.T) {
	begun := make(chan struct{})
	space := &persession.Space{}
	s := one("s", "slow", func(ctx context.Context) error {
		close(begun)
		<-ctx.Done()
		return errors.Join(io.ErrUnexpectedEOF, ctx.Err())
	})
	g := gateway(s)
	space.New = perSession(g)
	w := inTree(space)
	address := string(w.ask(t, "POST", "/", "").Header.Peek("Location"))
	done := make(chan *xmlFault, 1)
	go func() {
		_, f := w.xml(t, address, "s.slow")
		done <- f
	}()
	<-begun
	require.Equal(t, 204, w.ask(t, "DELETE", address, "").StatusCode())
	f := <-done
	require.NotNil(t, f)
	require.EqualValues(t, 57, f.code)
	require.Contains(t, f.text, awayText)
}
