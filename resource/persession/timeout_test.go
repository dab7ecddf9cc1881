package persession_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/session"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func TestTheTimeoutThatAClientChooses(t *testing.T) {
	const own = 7 * time.Minute
	for query, want := range map[string]time.Duration{
		"":                   own,
		"?other=5":           own,
		"?timeout=5":         5 * time.Second,
		"?timeout=90.5":      90*time.Second + 500*time.Millisecond,
		"?timeout=6e1":       time.Minute,
		"?timeout=2":         2 * time.Second,
		"?timeout=1.999":     2 * time.Second,
		"?timeout=0.0001":    2 * time.Second,
		"?timeout=1e-300":    2 * time.Second,
		"?timeout=3600":      time.Hour,
		"?timeout=3601":      time.Hour,
		"?timeout=1e12":      time.Hour,
		"?timeout=1e300":     time.Hour, // a number, and beyond the limit
		"?timeout=0":         0,
		"?timeout=-0":        0,
		"?timeout=-5":        0,
		"?timeout=-1e300":    0,
		"?timeout=NaN":       0,
		"?timeout=-Inf":      0,
		"?timeout=Inf":       0,
		"?timeout=+Inf":      0,
		"?timeout=infinity":  0,
		"?timeout=soon":      0,
		"?timeout=5s":        0,
		"?timeout=5,5":       0,
		"?timeout=%205":      0,
		"?timeout=5%00":      0,
		"?timeout=":          0,
		"?timeout":           0,
		"?timeout=5&timeout": 0,

		"?timeout=5&timeout=6": 0, // which of them?
	} {
		w := newWorld(t, plain, func(sp *persession.Space) {
			sp.Sessions.Factory = session.Lasting(own)
			sp.MinTimeout, sp.MaxTimeout = 2*time.Second, time.Hour
		})
		asks := map[string]string{"in the query": text("POST", "/cursors"+query, "Accept: application/json")}
		if query != "" {
			asks["in a form"] = text("POST", "/cursors", "Accept: application/json", form, query[1:])
		}
		for place, ask := range asks {
			t.Run(place+" "+query, func(t *testing.T) {
				made := w.Sessions.Stats().Made
				r := exchange(w.tree, ask)
				if want == 0 {
					require.Equal(t, 400, r.StatusCode())
					require.Empty(t, header(r, "Location"))
					require.Equal(t, made, w.Sessions.Stats().Made)
					return
				}
				require.Equal(t, 201, r.StatusCode())
				s, err := w.Sessions.Get(t.Context(), idOf(header(r, "Location")))
				require.NoError(t, err)
				require.Equal(t, want, s.Timeout())
				var got struct{ Timeout float64 }
				require.NoError(t, json.Unmarshal(r.Body(), &got))
				require.InDelta(t, want.Seconds(), got.Timeout, 1e-9)
			})
		}
	}
}

func FuzzTimeout(f *testing.F) {
	for _, v := range []string{"5", "0", "-1", "1e300", "NaN", "Inf", "0x1p-2", "1_0", "%35", "5&timeout=6", "\xff"} {
		f.Add(v)
	}
	w := newWorld(f, plain, func(sp *persession.Space) { sp.MinTimeout, sp.MaxTimeout = 2*time.Second, time.Hour })
	f.Fuzz(func(t *testing.T, v string) {
		r := exchange(w.tree, text("POST", "/cursors", form, "timeout="+v))
		switch r.StatusCode() {
		case 400:
		case 201:
			s, err := w.Sessions.Get(t.Context(), idOf(header(r, "Location")))
			require.NoError(t, err)
			require.GreaterOrEqual(t, s.Timeout(), 2*time.Second)
			require.LessOrEqual(t, s.Timeout(), time.Hour)
			s.Expire()
		default:
			t.Fatal(r.StatusCode())
		}
	})
}

func TestTheLimitsByDefault(t *testing.T) {
	w := newWorld(t, plain)
	for given, want := range map[time.Duration]time.Duration{
		0:              session.DefaultTimeout,
		-time.Second:   session.DefaultTimeout,
		1:              time.Second,
		time.Second:    time.Second,
		24 * time.Hour: 24 * time.Hour,
		session.Never:  24 * time.Hour,
	} {
		s, err := w.Open(t.Context(), given)
		require.NoError(t, err)
		require.Equal(t, want, s.Timeout(), given)
	}
}

func TestSpan(t *testing.T) {
	for n, want := range map[float64]time.Duration{
		1:                           time.Second,
		0.5:                         500 * time.Millisecond,
		1e-300:                      1,
		math.SmallestNonzeroFloat64: 1,
		1e9:                         1e9 * time.Second,
		math.MaxInt64:               session.Never,
		1e300:                       session.Never,
		math.MaxFloat64:             session.Never,
	} {
		d, err := persession.Span(n, time.Second)
		require.NoError(t, err, n)
		require.Equal(t, want, d, n)
	}
	for _, n := range []float64{0, math.Copysign(0, -1), -1, -1e300, math.Inf(-1), math.Inf(1), math.NaN()} {
		d, err := persession.Span(n, time.Second)
		require.ErrorContains(t, err, "persession: ", n)
		require.Zero(t, d)
	}
	d, err := persession.Span(math.MaxInt64, 1)
	require.NoError(t, err)
	require.Equal(t, session.Never, d)
}

// A client that sends its choice in a body is heard, or told that it is not.
func TestTheTimeoutInABody(t *testing.T) {
	for name, test := range map[string]struct {
		contentType, body string
		code              int
		timeout           time.Duration
	}{
		"a form":               {"application/x-www-form-urlencoded", "timeout=7", 201, 7 * time.Second},
		"a form, upper case":   {"Application/X-WWW-Form-URLencoded; charset=UTF-8", "timeout=7", 201, 7 * time.Second},
		"JSON":                 {"application/json", `{"timeout": 7}`, 201, 7 * time.Second},
		"JSON with a charset":  {"application/json; charset=utf-8", `{"timeout": 7.5, "more": []}`, 201, 7500 * time.Millisecond},
		"JSON with the string": {"application/json", `{"timeout": "7"}`, 201, 7 * time.Second},
		"JSON without":         {"application/json", "{}", 201, session.DefaultTimeout},
		"JSON with null":       {"application/json", `{"timeout": null}`, 201, session.DefaultTimeout},
		"no body":              {"application/json", "", 201, session.DefaultTimeout},
		"nothing at all":       {"", "", 201, session.DefaultTimeout},
		"JSON, 0":              {"application/json", `{"timeout": 0}`, 400, 0},
		"JSON, a word":         {"application/json", `{"timeout": "soon"}`, 400, 0},
		"JSON, null":           {"application/json", `null`, 400, 0},
		"JSON, a list":         {"application/json", `[7]`, 400, 0},
		"no JSON":              {"application/json", `timeout=7`, 400, 0},
		"text":                 {"text/plain", "timeout=7", 415, 0},
		"several parts":        {"multipart/form-data; boundary=x", "--x--", 415, 0},
		"of no type":           {"", "timeout=7", 415, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, plain)
			ctx := new(fasthttp.RequestCtx)
			ctx.Init(new(fasthttp.Request), nil, nil)
			ctx.Request.Header.SetMethod("POST")
			ctx.Request.SetRequestURI("/cursors")
			ctx.Request.Header.SetNoDefaultContentType(true)
			ctx.Request.Header.SetContentType(test.contentType)
			ctx.Request.SetBodyString(test.body)
			w.tree.Handler(ctx)
			r := &ctx.Response
			require.Equal(t, test.code, r.StatusCode())
			if test.code == 415 {
				require.Equal(t, "application/x-www-form-urlencoded, application/json", header(r, "Accept"))
			}
			if test.code != 201 {
				require.Zero(t, w.Sessions.Stats().Made)
				return
			}
			s, err := w.Sessions.Get(t.Context(), idOf(header(r, "Location")))
			require.NoError(t, err)
			require.Equal(t, test.timeout, s.Timeout())
		})
	}
}
