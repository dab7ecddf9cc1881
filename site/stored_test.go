package site_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/spindleweb/spindle/site"
	"github.com/stretchr/testify/require"
)

// visitsSite is a site with a store, that counts visits at / and only looks at
// /look.
func visitsSite(t *testing.T, store session.Store) (*host, *storetest.Faulty) {
	visits := session.NewKey[int]("visits")
	s, _, _ := newSite(branch(map[string]resource.Resource{
		"": resource.GET(func(req *resource.Request) {
			n := 0
			if err := visits.Update(req.GetSession(), func(v *int) { *v++; n = *v }); err != nil {
				req.Abort(500)
			}
			fmt.Fprint(req, n)
		}),
		"look": resource.GET(func(req *resource.Request) {
			n, _ := visits.Get(req.GetSession())
			fmt.Fprint(req, n)
		}),
		"note": noter(),
	}))
	way := &storetest.Faulty{Store: store}
	s.Store, s.Clock = way, nil // its own, which goes
	return serve(t, s), way
}

func TestASiteGoesOnWhereItStopped(t *testing.T) {
	store := new(storetest.Memory)
	h, _ := visitsSite(t, store)
	c := cookieOf(t, h.ask(t, get("/")))
	for i := range 10 {
		r := h.ask(t, get("/", "Cookie: "+c))
		require.Equal(t, fmt.Sprint(i+2), r.body)
		require.Empty(t, r.Header["Set-Cookie"])
		if i%3 == 2 {
			require.NoError(t, h.Shutdown(t.Context()))
			h, _ = visitsSite(t, store)
		}
	}
	require.Equal(t, "kept", h.ask(t, get("/note?note=kept", "Cookie: "+c)).body)
	require.NoError(t, h.Shutdown(t.Context()))
	h, _ = visitsSite(t, store)
	require.Equal(t, "kept", h.ask(t, get("/note", "Cookie: "+c)).body)
	require.Equal(t, 1, store.Len())
	require.NoError(t, h.Shutdown(t.Context()))
}

func TestASiteDuringAnOutage(t *testing.T) {
	store := new(storetest.Memory)
	other, _ := visitsSite(t, store)
	elsewhere := cookieOf(t, other.ask(t, get("/")))
	h, way := visitsSite(t, store)
	c := cookieOf(t, h.ask(t, get("/note?note=before")))
	way.Fail(errors.New("outage"))
	refused := func(r reply) {
		t.Helper()
		require.Equal(t, 503, r.StatusCode)
		require.NotEmpty(t, r.Header.Get("Retry-After"))
		require.Empty(t, r.Header["Set-Cookie"])
		require.NotContains(t, r.body, "outage")
	}
	for range 3 {
		require.Equal(t, "before", h.ask(t, get("/note", "Cookie: "+c)).body, "who only reads is served")
		refused(h.ask(t, get("/note?note=meanwhile", "Cookie: "+c)))
		refused(h.ask(t, get("/look", "Cookie: "+elsewhere)))
		refused(h.ask(t, get("/look")))
	}
	way.Fail(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for h.Sessions().Stats().Store.Down { // asked every 100 ms
		require.NoError(t, ctx.Err(), "it is not seen to be back")
		_, _ = h.Sessions().Exists(ctx, "")
	}
	require.Equal(t, "1", h.ask(t, get("/look", "Cookie: "+elsewhere)).body)
	require.Equal(t, "before", h.ask(t, get("/note", "Cookie: "+c)).body)
	require.Equal(t, "after", h.ask(t, get("/note?note=after", "Cookie: "+c)).body)
	require.NoError(t, h.Shutdown(t.Context()))
	require.Equal(t, "after", other.ask(t, get("/note", "Cookie: "+c)).body)
	require.NoError(t, other.Shutdown(t.Context()))
}

// Nobody who reads with a session that is here makes a call.
func TestASiteHardlyAsksTheStore(t *testing.T) {
	h, way := visitsSite(t, new(storetest.Memory))
	c := cookieOf(t, h.ask(t, get("/")))
	before := way.Calls("Create", "Load", "Save", "Exists", "Claim", "Ack")
	for range 50 {
		require.Equal(t, "1", h.ask(t, get("/look", "Cookie: "+c)).body)
	}
	require.Equal(t, before, way.Calls("Create", "Load", "Save", "Exists", "Claim", "Ack"))
	require.NoError(t, h.Shutdown(t.Context()))
}

// Shutdown saves what requests have changed, also those that were under way.
func TestShutdownSaves(t *testing.T) {
	store := new(storetest.Memory)
	p := paused{make(chan struct{}), make(chan struct{})}
	s := site.New(branch(map[string]resource.Resource{"wait": p.resource(), "s": noter()}))
	s.Store = store
	h := serve(t, s)
	c := cookieOf(t, h.ask(t, get("/s?note=first")))
	conn, br := h.dial(t)
	answered := make(chan reply, 1)
	go func() { answered <- exchange(t, conn, br, get("/wait?note=last", "Cookie: "+c)) }()
	<-p.at
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	require.NoError(t, <-h.done)
	close(p.on)
	require.Equal(t, "last", (<-answered).body)
	require.NoError(t, <-done)
	again, _ := visitsSite(t, store)
	require.Equal(t, "last", again.ask(t, get("/note", "Cookie: "+c)).body)
	require.NoError(t, again.Shutdown(t.Context()))
}

// What could not be saved is named.
func TestShutdownDuringAnOutage(t *testing.T) {
	h, way := visitsSite(t, new(storetest.Memory))
	x, err := h.Sessions().Create(nil)
	require.NoError(t, err)
	way.Fail(errors.New("outage"))
	require.NoError(t, note.Set(x, "late"))
	err = h.Shutdown(expired())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "1 sessions have not been saved")
}
