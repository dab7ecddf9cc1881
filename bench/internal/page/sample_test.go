package page_test

import (
	"math/rand/v2"
	"time"

	"github.com/spindleweb/spindle/bench/internal/result"
)

// sampleRun is a run as a real one comes out, the same at every call.
func sampleRun() *result.Run {
	r := &result.Run{
		Started: time.Date(2026, 9, 12, 14, 3, 0, 0, time.UTC), Took: 1563,
		Machine: result.Machine{System: "linux/amd64, kernel 6.1", CPU: "Xeon 2.6 GHz", Cores: 2, MemoryGiB: 24, Go: "go1.26.8"},
		Versions: map[string]string{
			"github.com/valyala/fasthttp": "v1.77.0", "github.com/alexedwards/scs/v2": "v2.9.0",
			"github.com/gofiber/fiber/v3": "v3.1.0", "github.com/kataras/iris/v12": "v12.2.11", "go": "go1.26.8",
		},
		LeftOut: []string{
			"endings: scs, fiber3, icza: they tell nobody of an end",
			"memory: gorilla: its state travels in the cookie",
		},
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	add := func(f result.Figure, v float64) {
		for range 10 {
			r.Add(f, v*(0.97+0.06*rnd.Float64()))
		}
	}
	names := []string{"fasthttp", "net/http", "spindle", "spindle/session", "fasthttp/session", "fiber2", "fiber3", "scs", "gorilla", "iris", "icza"}
	bases := map[string]string{"scs": "net/http", "gorilla": "net/http", "iris": "net/http", "icza": "net/http"}
	fill := func(f result.Figure, vs []float64, budget float64) {
		for i, v := range vs {
			if v == 0 {
				continue
			}
			f := f
			f.Peer = names[i]
			if f.Base != "" && bases[f.Peer] != "" {
				f.Base = bases[f.Peer]
			}
			f.Budget = 0
			if f.Peer == "spindle" {
				f.Budget = budget
			} else {
				f.OfBase = false
			}
			add(f, v)
		}
	}
	live := func(at int) result.Figure {
		return result.Figure{Step: "in process", Name: "added by the session, one core", At: at, Of: "live sessions", Unit: "ns"}
	}
	fill(live(1), []float64{0, 0, 97, 71, 774, 14200, 15800, 19400, 21100, 1940, 333}, 100)
	fill(live(100_000), []float64{0, 0, 181, 140, 1402, 21000, 22300, 21900, 21100, 2710, 802}, 0)
	fill(live(1_000_000), []float64{0, 0, 339, 301, 2521, 27400, 29200, 24100, 21100, 4100, 1465}, 350)
	for _, f := range []result.Figure{{Unit: "B"}, {Unit: "allocs"}} {
		f.Step, f.Name, f.At, f.Of = "in process", "added by the session, one core", 1, "live sessions"
		fill(f, []float64{0, 0, 0.001, 0.001, 4, 170, 182, 214, 190, 11, 2}, 0)
	}
	fill(result.Figure{Step: "in process", Name: "a new session", Unit: "ns"}, []float64{0, 0, 640, 601, 1586, 18000, 17100, 22100, 21900, 4020, 1710}, 700)

	for _, s := range []struct {
		name, unit string
		more       bool
		vs         []float64
	}{
		{"requests per second, existing session", "req/s", true, []float64{151200, 68100, 144100, 146900, 125500, 39100, 37800, 27200, 29900, 57400, 74100}},
		{"requests per second, new sessions", "req/s", true, []float64{151200, 68100, 131100, 133900, 101500, 31100, 30800, 22200, 24900, 41400, 52100}},
		{"CPU per request, existing session", "µs", false, []float64{6.6, 14.2, 6.9, 6.8, 7.9, 25, 26, 36, 33, 17, 13.2}},
		{"p50, existing session", "ms", false, []float64{0.21, 0.45, 0.22, 0.22, 0.26, 0.8, 0.82, 1.1, 1.02, 0.61, 0.43}},
		{"p99, existing session", "ms", false, []float64{1.1, 2.3, 1.12, 1.11, 1.5, 5.1, 5.4, 7.1, 6.2, 3.4, 2.5}},
		{"p99.9, existing session", "ms", false, []float64{2.2, 6, 2.4, 2.3, 3.1, 19, 21, 25, 23, 11, 8}},
	} {
		b := 0.0
		if s.more && s.name[21] == 'e' {
			b = 0.97
		}
		fill(result.Figure{Step: "over loopback", Name: s.name, Unit: s.unit, More: s.more, Base: "fasthttp", OfBase: true}, s.vs, b)
	}
	fill(result.Figure{Step: "over loopback", Name: "requests per second of bare fasthttp's", Unit: "%", More: true}, []float64{100, 45, 95.3, 97.1, 83, 25.9, 25, 18, 19.8, 38, 49}, 97)

	for i, at := range []int{1_000_000, 10_000_000} {
		k := float64(i)
		fill(result.Figure{Step: "memory", Name: "RSS of a session", At: at, Of: "live, empty sessions", Unit: "B"}, []float64{0, 0, 186 + 5*k, 181, 231 - 20*k, 205, 201, 325, 0, 539 * (1 - k), 298}, 200)
		fill(result.Figure{Step: "memory", Name: "a collection, wall time", At: at, Of: "live, empty sessions", Unit: "ms"}, []float64{0, 0, 52 * (1 + 9*k), 51 * (1 + 9*k), 359 * (1 + 9*k), 98 * (1 + 9*k), 97 * (1 + 9*k), 136 * (1 + 9*k), 0, 420 * (1 - k), 353 * (1 + 9*k)}, 60*(1-k))
		fill(result.Figure{Step: "memory", Name: "objects, each", At: at, Of: "live, empty sessions", Unit: "objects"}, []float64{0, 0, 2, 2, 5, 2, 2, 3, 0, 6 * (1 - k), 5}, 0)
	}
	fill(result.Figure{Step: "memory", Name: "given back after all ended", Unit: "%", More: true}, []float64{0, 0, 96, 96, 93, 12, 14, 88, 0, 91, 90}, 90)

	fill(result.Figure{Step: "endings", Name: "gone after due, p99; one timeout", At: 1_000_000, Of: "sessions due within a second", Unit: "ms"}, []float64{0, 0, 19, 18, 1600, 0, 11000, 1600, 0, 36, 1000}, 50)
	fill(result.Figure{Step: "endings", Name: "CPU of each end", Unit: "µs"}, []float64{0, 0, 0.81, 0.79, 2, 0, 0.35, 0.34, 0, 2.9, 2.2}, 1)
	fill(result.Figure{Step: "endings", Name: "goroutines at the most", Unit: "goroutines"}, []float64{0, 0, 40, 38, 4, 0, 5, 5, 0, 15000, 4}, 0)
	for i, peer := range names {
		mid := []float64{0, 0, 2.4, 2.2, 700, 0, 5000, 800, 0, 14, 480}[i]
		if mid == 0 {
			continue
		}
		v := result.Curve{Step: "endings", Name: "how late sessions end", Peer: peer, X: "ms late", Y: "% of sessions"}
		for p := 0; p <= 100; p += 2 {
			q := float64(p) / 100
			v.At = append(v.At, [2]float64{mid * (0.05 + 1.6*q*q/(1.15-q)), float64(p)})
		}
		r.Curves = append(r.Curves, v)
	}

	names = []string{"runtime", "", "spindle/timer", "", "RussellLuo/timingwheel", "ouqiang/timewheel", "siddontang/timingwheel", "go-zero"}
	bases = nil
	for i, at := range []int{0, 1_000_000, 10_000_000} {
		k := float64(i)
		timers := func(name string) result.Figure {
			return result.Figure{Step: "timers", Name: name, At: at, Of: "standing timers", Unit: "ns", Base: "runtime"}
		}
		fill(timers("schedule and stop"), []float64{196 + 40*k, 0, 71, 0, 237 + 10*k, 1800 + 600*k, 410 * (1 - k/2), 2400}, 0)
		fill(timers("re-arm a random one"), []float64{120 + 330*k, 0, 22 + 40*k, 0, 300 + 600*k, 2500, 0, 3100}, 0)
	}

	for i, check := range []string{"an id the client made up is not adopted", "20,000 increments at once, none lost", "told of each end, once", "cookie set on errors too"} {
		for j, peer := range []string{"fasthttp/session", "spindle", "fiber3", "scs", "iris", "icza"} {
			f := result.Fact{Check: check, Peer: peer, Verdict: result.Good, Says: "as it should"}
			switch {
			case peer == "spindle":
			case i == 2 && j != 4:
				f.Verdict, f.Says = result.None, "tells of no end"
			case i == 1:
				f.Verdict, f.Says = result.Bad, []string{"7,158 kept", "", "5,261 kept", "5,808 kept", "12,004 kept", "19,871 kept"}[j]
			case (i+j)%4 == 3:
				f.Verdict, f.Says = result.Bad, "87 of 1,000 got another's data"
			}
			r.Facts = append(r.Facts, f)
		}
	}
	return r
}
