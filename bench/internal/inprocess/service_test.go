package inprocess

import (
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

func started(t *testing.T, name string, live int) *service {
	t.Helper()
	s := new(service)
	require.NoError(t, s.start(population{name, live}))
	if s.app.Close != nil {
		t.Cleanup(s.app.Close)
	}
	return s
}

func TestCookies(t *testing.T) {
	s := started(t, "icza/session", 7)
	require.Equal(t, 7, s.visitors.len())
	seen := map[string]bool{}
	for i := range 7 {
		require.Contains(t, s.visitors.at(i), "sessid=")
		seen[s.visitors.at(i)] = true
	}
	require.Len(t, seen, 7)
	require.Equal(t, 7, strangers(7).len())
}

func TestPick(t *testing.T) {
	for _, tt := range []struct {
		name     string
		apart    bool
		core     int
		from, to int
	}{
		{"from all", false, 1, 0, 10},
		{"from the first share", true, 0, 0, 3},
		{"from the second", true, 1, 3, 6},
		{"from the last", true, 2, 6, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, again := pick(10, tt.apart, 5, tt.core, 3), pick(10, tt.apart, 5, tt.core, 3)
			seen := map[int]bool{}
			for range 1000 {
				i := p.next()
				require.Equal(t, i, again.next())
				seen[i] = true
			}
			for i := range 10 {
				require.Equal(t, tt.from <= i && i < tt.to, seen[i], i)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	counted := func(t *testing.T, all bool) *service {
		s := started(t, "spindle/session", 20*runtime.NumCPU())
		_, err := s.sample(job{value, all, time.Millisecond})
		require.NoError(t, err)
		return s
	}
	t.Run("all is kept", func(t *testing.T) {
		for _, all := range []bool{false, true} {
			require.NoError(t, counted(t, all).check())
		}
	})
	t.Run("a request got lost", func(t *testing.T) {
		s := counted(t, false)
		s.counted[0].requests++
		require.ErrorContains(t, s.check(), "its number is")
	})
	t.Run("a session more", func(t *testing.T) {
		s := counted(t, false)
		s.app.Client(peer.Session).Get("")
		require.ErrorContains(t, s.check(), "only found since, and it keeps")
	})
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct{ method, in, want string }{
		{"start", `{"Peer":"nobody"}`, `no peer "nobody"`},
		{"start", `[]`, "cannot unmarshal"},
		{"sample", `{"What":"that"}`, `nothing is called "that"`},
		{"sample", `[]`, "cannot unmarshal"},
		{"dance", `{}`, `no method "dance"`},
	} {
		_, err := new(service).serve(tt.method, json.RawMessage(tt.in))
		require.ErrorContains(t, err, tt.want)
	}
}

func TestKeep(t *testing.T) {
	failed := errors.New("a number is lost")
	for _, tt := range []struct {
		name, peer string
		err        error
		figures    int
		leftOut    []string
		want       string
	}{
		{"went well", "scs", nil, 1, nil, ""},
		{"another's failed", "scs", failed, 0, []string{": scs, here: a number is lost"}, ""},
		{"ours failed", "spindle", failed, 0, nil, "spindle, here: a number is lost"},
		{"a base failed", "fasthttp", failed, 0, nil, "fasthttp, here: a number is lost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &plan.Bench{Run: new(result.Run), Out: io.Discard}
			p := &process{peer: peer.Get(tt.peer), err: tt.err}
			p.addEach(figure("it", true, 1), true, sample{NS: 1})
			err := keep(t.Context(), b, []*process{p}, "here")
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.want)
			}
			require.Len(t, b.Figures, tt.figures)
			require.Equal(t, tt.leftOut, b.LeftOut)
		})
	}
}
