package peer_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/stretchr/testify/require"
)

// each runs f for every peer with sessions.
func each(t *testing.T, f func(*testing.T, *peer.Peer, *peer.App)) {
	for _, p := range peer.All {
		if p.Base == "" {
			continue
		}
		t.Run(p.Name, func(t *testing.T) { f(t, p, start(t, p, peer.Options{})) })
	}
}

func start(t *testing.T, p *peer.Peer, o peer.Options) *peer.App {
	t.Helper()
	app, err := p.New(o)
	require.NoError(t, err)
	if app.Close != nil {
		t.Cleanup(app.Close)
	}
	require.NotEqual(t, app.Fast == nil, app.Std == nil, "it is for one server")
	return app
}

// A visitor keeps the cookie as a browser does.
type visitor struct {
	t      *testing.T
	value  *peer.Client
	cookie string
}

func (v *visitor) visit() int {
	v.t.Helper()
	require.Equal(v.t, 200, v.value.Get(v.cookie))
	if c := v.value.Cookie(); c != "" {
		v.cookie = c
	}
	n, err := strconv.Atoi(string(v.value.Body()))
	require.NoError(v.t, err)
	return n
}

func TestNewSession(t *testing.T) {
	each(t, func(t *testing.T, p *peer.Peer, app *peer.App) {
		c := app.Client(peer.Session)
		seen := map[string]bool{}
		for range 3 {
			require.Equal(t, 200, c.Get(""))
			require.Equal(t, "hello", string(c.Body()))
			cookie := c.Cookie()
			require.Contains(t, cookie, app.Cookie+"=")
			require.Greater(t, len(cookie), len(app.Cookie)+16)
			seen[cookie] = true
		}
		require.Len(t, seen, 3, "each its own")
	})
}

func TestSessionIsFound(t *testing.T) {
	each(t, func(t *testing.T, p *peer.Peer, app *peer.App) {
		c := app.Client(peer.Session)
		c.Get("")
		cookie := c.Cookie()
		for range 3 {
			require.Equal(t, 200, c.Get(cookie))
			if again := c.Cookie(); p.Kept && again != "" {
				require.Equal(t, cookie, again)
			}
		}
		v := visitor{t, app.Client(peer.Value), cookie}
		for want := range 3 {
			require.Equal(t, want+1, v.visit())
		}
		if app.Len != nil {
			require.Equal(t, 1, app.Len())
		}
	})
}

func TestVisitorsAreApart(t *testing.T) {
	each(t, func(t *testing.T, p *peer.Peer, app *peer.App) {
		c := app.Client(peer.Value)
		a, b := visitor{t, c, ""}, visitor{t, c, ""}
		require.Equal(t, 1, a.visit())
		require.Equal(t, 2, a.visit())
		require.Equal(t, 1, b.visit())
		require.Equal(t, 3, a.visit())
		require.Equal(t, 2, b.visit())
		if app.Len != nil {
			require.Equal(t, 2, app.Len())
		}
	})
}

// Bytes of a request are overwritten by the next on its connection.
func TestManyVisitorsOnOneConnection(t *testing.T) {
	each(t, func(t *testing.T, p *peer.Peer, app *peer.App) {
		c := app.Client(peer.Value)
		all := make([]visitor, 50)
		for i := range all {
			all[i] = visitor{t, c, ""}
		}
		for round := range 4 {
			for i := range all {
				require.Equal(t, round+1, all[i].visit())
			}
		}
		if app.Len != nil {
			require.Equal(t, len(all), app.Len())
		}
	})
}

func TestAtOnce(t *testing.T) {
	each(t, func(t *testing.T, p *peer.Peer, app *peer.App) {
		var all sync.WaitGroup
		wrong := make(chan int, 100)
		for range 4 {
			all.Go(func() {
				c, cookie := app.Client(peer.Value), ""
				for i := range 20 {
					c.Get(cookie)
					if again := c.Cookie(); again != "" {
						cookie = again
					}
					if n, _ := strconv.Atoi(string(c.Body())); n != i+1 {
						wrong <- n
					}
				}
			})
		}
		all.Wait()
		require.Empty(t, wrong)
	})
}

func TestBare(t *testing.T) {
	for _, p := range peer.All {
		t.Run(p.Name, func(t *testing.T) {
			app := start(t, p, peer.Options{})
			c := app.Client(peer.Bare)
			for _, cookie := range []string{"", "a=b"} {
				require.Equal(t, 200, c.Get(cookie))
				require.Equal(t, "hello", string(c.Body()))
				require.Empty(t, c.Cookie())
			}
			if app.Len != nil {
				require.Zero(t, app.Len())
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for _, p := range peer.All {
		t.Run(p.Name, func(t *testing.T) {
			app := start(t, p, peer.Options{Timeout: 48 * time.Hour, Sweep: time.Hour})
			require.Equal(t, 200, app.Client(peer.Session).Get(""))
		})
	}
}

func TestPeers(t *testing.T) {
	require.Nil(t, peer.Get("nobody"))
	for _, p := range peer.All {
		require.Same(t, p, peer.Get(p.Name))
		if p.Base != "" {
			require.NotNil(t, peer.Get(p.Base))
		}
	}
}
