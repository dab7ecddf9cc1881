package loopback

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
	"github.com/spindleweb/spindle/bench/internal/plan"
	"github.com/spindleweb/spindle/bench/internal/result"
	"github.com/stretchr/testify/require"
)

// tiny is a trial with the bases and ours alone.
func tiny(gen generator) *trial {
	b := &plan.Bench{Run: new(result.Run), Out: io.Discard, Peers: []string{"none"}}
	b.Scale.Rounds, b.Scale.Load = 4, 10*time.Millisecond
	return &trial{Bench: b, gen: gen, connections: 4, sessions: 20}
}

func startTiny(t *testing.T) *trial {
	t.Helper()
	gen, err := startOwn(t.Context(), patience)
	require.NoError(t, err)
	t.Cleanup(gen.close)
	return tiny(gen)
}

func TestTrial(t *testing.T) {
	b := startTiny(t)
	require.NoError(t, b.do(t.Context()))
	require.Equal(t, "own generator", b.Versions["load"])

	names := map[string]string{
		"requests per second": "req/s", "CPU per request": "µs",
		"latency p50 at full load": "ms", "latency p99 at full load": "ms", "latency p99.9 at full load": "ms",
	}
	for _, p := range []string{"fasthttp", "net/http", "spindle", "spindle/session"} {
		for name, unit := range names {
			for _, what := range []string{"existing session", "no session"} {
				f := b.Find(result.Group{Step: chapter, Name: name + ", " + what, Unit: unit}, p)
				require.NotNil(t, f, "%s, %s: %s", name, what, p)
				require.Equal(t, unit == "req/s", f.More)
				for _, v := range f.Samples {
					require.Positive(t, v, "%s: %s", f.Name, p)
				}
				want := 2 // rounds
				if b.first[0].what == what && p != "net/http" {
					want *= 2 // each block has two
				}
				require.Len(t, f.Samples, want, "%s: %s", f.Name, p)
				_, ok := b.Ratio(f)
				require.Equal(t, p != base, ok, "%s: %s", f.Name, p)
			}
		}
	}
	for _, p := range []string{"spindle", "spindle/session"} {
		f := b.Find(result.Group{
			Step: chapter, Unit: "%", Name: "CPU per request of bare fasthttp's, block by block, existing session",
		}, p)
		require.NotNil(t, f, p)
		require.Len(t, f.Samples, 2)
	}
}

func TestTrialCancelled(t *testing.T) {
	b := startTiny(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.gen = &cancelling{b.gen, cancel}
	require.ErrorIs(t, b.do(ctx), context.Canceled)
}

// cancelling is a generator during whose first window the run is cancelled.
type cancelling struct {
	generator
	cancel func()
}

func (c *cancelling) run(ctx context.Context, l load) (answers, error) {
	c.cancel()
	return c.generator.run(ctx, l)
}

func TestCompare(t *testing.T) {
	window := func(requests int, cpu time.Duration, busy float64) sample {
		return sample{answers{Requests: requests, Took: time.Second}, cpu, busy}
	}
	for name, c := range map[string]struct {
		ours      []sample
		cpu       []float64
		perSecond []float64
	}{
		"a drift is even": {
			ours: []sample{window(95, 7, 1), window(85, 8, 1)},
			cpu:  []float64{150}, perSecond: []float64{100},
		},
		"one window was disturbed": {
			ours: []sample{window(95, 7, 1), window(40, 8, 0.5)},
			cpu:  []float64{150},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := tiny(nil)
			g := &target{server: &server{name: "spindle"}, what: "existing session"}
			b.compare(g, []sample{window(100, 4, 1), window(80, 6, 0.95)}, c.ours)
			got := make(map[bool][]float64)
			for _, f := range b.Figures {
				got[f.More] = f.Samples
			}
			require.Equal(t, c.cpu, got[false])
			require.Equal(t, c.perSecond, got[true])
		})
	}
}

func TestBudget(t *testing.T) {
	for name, c := range map[string]struct {
		base, ours float64 // how busy
		judged     bool
		leftOut    int
	}{
		"both busy":          {base: 1, ours: 0.95, judged: true},
		"ours a little more": {base: 0.95, ours: 0.96, judged: true},
		"ours more":          {base: 0.95, ours: 1, leftOut: 1},
		"bare fasthttp not":  {base: 0.5, ours: 0.5, leftOut: 2},
		"ours not":           {base: 1, ours: 0.5, leftOut: 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := tiny(nil)
			for _, g := range []struct {
				name string
				busy float64
			}{{base, c.base}, {"spindle", c.ours}} {
				g2 := &target{server: &server{name: g.name}, what: "existing session"}
				s := sample{answers: answers{Requests: 1, Took: time.Second}, busy: g.busy}
				g2.samples = append(g2.samples, s)
				b.first = append(b.first, g2)
				b.record(g2, s)
			}
			b.conclude()
			require.Len(t, b.LeftOut, c.leftOut)
			like := b.first[1].figure("requests per second", "req/s", true)
			within, judged := b.Within(b.Find(like.Group(), "spindle"))
			require.Equal(t, c.judged, judged)
			require.Equal(t, c.judged, within)
		})
	}
}

// A server that is sent cookies it does not know makes new sessions, and that is
// noticed.
func TestUnknownCookies(t *testing.T) {
	b := startTiny(t)
	s, err := startPeer(t.Context(), peer.Get("spindle"))
	require.NoError(t, err)
	defer s.close()
	jar, err := s.makeSessions(t.Context(), b.sessions)
	require.NoError(t, err)
	require.Len(t, jar, b.sessions)

	g := &target{server: s, what: "existing session", path: peer.Session, cookies: jar}
	_, err = b.measure(t.Context(), g, b.Scale.Load)
	require.NoError(t, err)
	live, err := s.live()
	require.NoError(t, err)
	require.Equal(t, b.sessions, live)

	g.cookies = []string{""}
	_, err = b.measure(t.Context(), g, b.Scale.Load)
	require.ErrorContains(t, err, "20 sessions were made, and it keeps")
	require.Len(t, g.samples, 1, "what was not measured right is not recorded")
}

// broken is a generator that fails at the servers of these names.
type broken struct {
	names map[string]bool
	addrs map[string]string
}

func (*broken) name() string { return "broken" }
func (*broken) close()       {}
func (b *broken) run(_ context.Context, l load) (answers, error) {
	if b.names[b.addrs[l.Addr]] {
		return answers{}, errors.New("status 500")
	}
	return answers{Requests: 1, Took: time.Second}, nil
}

func TestFailingPeer(t *testing.T) {
	for name, c := range map[string]struct {
		fails string
		err   string
	}{
		"another's is given up": {fails: "other"},
		"ours ends the step":    {fails: "spindle", err: "spindle, existing session: status 500"},
		"the base too":          {fails: base, err: "fasthttp, existing session: status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			gen := &broken{map[string]bool{c.fails: true}, make(map[string]string)}
			b := tiny(gen)
			for _, p := range []string{base, "spindle", "other"} {
				s, err := startPeer(t.Context(), peer.Get(base))
				require.NoError(t, err)
				b.servers = append(b.servers, s)
				s.name, s.must = p, p != "other"
				gen.addrs[s.addr] = p
				g := &target{server: s, what: "existing session", path: peer.Session}
				if p == "other" {
					b.others = append(b.others, g)
				} else {
					b.first = append(b.first, g)
				}
			}
			defer b.stop()
			err := b.round(t.Context(), 0)
			if c.err != "" {
				require.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.NoError(t, b.round(t.Context(), 1))
			require.Len(t, b.LeftOut, 1)
			require.Contains(t, b.LeftOut[0], "other, existing session: status 500")
			require.Empty(t, b.others[0].samples)
		})
	}
}

func TestServerErrors(t *testing.T) {
	_, err := startPeer(t.Context(), &peer.Peer{Name: "nobody"})
	require.ErrorContains(t, err, `there is no peer "nobody"`)

	s, err := startPeer(t.Context(), peer.Get("spindle"))
	require.NoError(t, err)
	s.close()
	require.ErrorContains(t, s.known(0), "child loopback server", "a server that is gone does not count")
	_, err = s.makeSessions(t.Context(), 1)
	require.Error(t, err)
	require.Error(t, s.ready(t.Context()))
}

func TestDivide(t *testing.T) {
	for _, c := range []struct{ all, server, load []int }{
		{[]int{3}, []int{3}, []int{3}},
		{[]int{0, 1}, []int{1}, []int{0}},
		{[]int{0, 2, 4}, []int{4}, []int{0, 2}},
		{[]int{0, 1, 2, 3}, []int{2, 3}, []int{0, 1}},
	} {
		got := divide(c.all)
		require.Equal(t, c.server, got.server)
		require.Equal(t, c.load, got.load)
	}
	require.NotEmpty(t, divide(nil).server)
}
