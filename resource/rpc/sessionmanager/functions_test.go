package sessionmanager_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/stretchr/testify/require"
)

// each runs a test through each face in both dialects.
func each(t *testing.T, test func(t *testing.T, d rpc.Dialect, face string)) {
	for name, d := range map[string]rpc.Dialect{"OSE": rpc.OSE, "AstroGrid": rpc.AstroGrid} {
		for _, face := range faces {
			t.Run(name+" "+face, func(t *testing.T) { test(t, d, face) })
		}
	}
}

// One life of a session: made, found, used, disposed of, gone.
func TestLifeOfASession(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d))
		defer w.close()
		id := w.call(face, here, manager+"createNewSession", 10).ok(t)
		require.GreaterOrEqual(t, len(id), 22) // 128 bits
		require.Equal(t, "true", w.call(face, here, manager+"exists", id).ok(t))
		web := w.call(face, here, manager+"findHttpSession", id).ok(t)
		require.Equal(t, here+"session/"+id+"/", web)
		remote := w.call(face, here, manager+"findXmlRpcSession", id).ok(t)
		require.Equal(t, here+"session/"+id+"/xmlrpc", remote)

		w.call(face, web, "astrogrid.community.login", "eva", "secret", "roe").void(t, d)
		require.Equal(t, "eva@roe", w.xml(remote, "astrogrid.community.user").ok(t))
		require.Equal(t, "eva@roe", w.call(face, web, "astrogrid.community.user").ok(t))
		require.Empty(t, w.call(face, here, "astrogrid.community.user").ok(t))

		for range 2 {
			w.call(face, here, manager+"dispose", id).void(t, d)
			require.Equal(t, "false", w.call(face, here, manager+"exists", id).ok(t))
			w.call(face, here, manager+"findHttpSession", id).fails(t, d, "InvalidArgumentException")
			w.call(face, here, manager+"findXmlRpcSession", id).fails(t, d, "InvalidArgumentException")
			require.Equal(t, 404, w.call(face, web, "astrogrid.community.user").status)
			require.Equal(t, 404, w.xml(remote, "astrogrid.community.user").status)
		}
		w.book.requireAll(t, 2, 1)
	})
}

func TestUnknownIDs(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d))
		defer w.close()
		id := w.create(10)
		for name, other := range map[string]string{
			"empty":      "",
			"guess":      "1",
			"shorter":    id[:len(id)-1],
			"longer":     id + "A",
			"space":      " " + id,
			"DEFAULT":    "DEFAULT",
			"slash":      "session/" + id,
			"dots":       "../" + id,
			"non-ASCII":  "é€𝄞",
			"very long":  strings.Repeat("A", 2000),
			"other case": swapped(id),
		} {
			t.Run(name, func(t *testing.T) {
				require.Equal(t, "false", w.call(face, here, manager+"exists", other).ok(t))
				w.call(face, here, manager+"dispose", other).void(t, d)
				w.call(face, here, manager+"findHttpSession", other).fails(t, d, "InvalidArgumentException")
				w.call(face, here, manager+"findXmlRpcSession", other).fails(t, d, "InvalidArgumentException")
			})
		}
		require.True(t, w.exists(id))
	})
}

func swapped(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, text)
}

// Whatever number of minutes comes: an end that is neither early nor far off, or
// a fault.
func TestMinutes(t *testing.T) {
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		minutes any
		want    time.Duration // 0 for a fault
	}{
		"10":                 {10, 10 * time.Minute},
		"10.0":               {10.0, 10 * time.Minute},
		"half":               {0.5, 30 * time.Second},
		"tiny":               {0.000000000001, time.Second},
		"0":                  {0, 0},
		"0.0":                {0.0, 0},
		"-1":                 {-1, 0},
		"-0.5":               {-0.5, 0},
		"least int":          {-2147483648, 0},
		"overflow":           {2147483647, day},
		"largest without":    {153722867, day}, // minutes that fit into nanoseconds
		"smallest overflow":  {153722868, day},
		"overflow, negative": {-153722868.0, 0},
		"1e300":              {1e300, day},
		"a day and more":     {1441, day},
		"true":               {true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, face := range []string{"xmlrpc", "jsonrpc", "named", "get", "form"} {
				t.Run(face, func(t *testing.T) {
					w := newWorld(t)
					defer w.close()
					r := w.call(face, here, manager+"createNewSession", test.minutes)
					if test.want == 0 {
						r.fails(t, rpc.AstroGrid, "InvalidArgumentException")
						require.Equal(t, 1, w.live()) // nothing left behind
						return
					}
					w.requireLasting(r.ok(t), test.want)
				})
			}
		})
	}
}

// requireLasting checks when a session ends.
func (w *world) requireLasting(id string, want time.Duration) {
	w.t.Helper()
	require.True(w.t, w.exists(id))
	w.clock.Advance(want - want/100)
	require.True(w.t, w.exists(id))
	w.clock.Advance(want/100 + 10*time.Millisecond)
	require.False(w.t, w.exists(id))
}

// AstroGrid's clients send numbers as text; others are to say what they mean.
func TestMinutesAsText(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10": 10 * time.Minute, " 10 ": 10 * time.Minute, "0.5": 30 * time.Second, "2147483647": 24 * time.Hour,
		"1e400": 0, "NaN": 0, "Inf": 0, "+Inf": 0, "infinity": 0, "-1": 0, "0": 0, "": 0, "ten": 0, "10 minutes": 0, "10,5": 0,
	} {
		t.Run(text, func(t *testing.T) {
			for _, face := range []string{"xmlrpc", "get", "form"} {
				w := newWorld(t)
				defer w.close()
				r := w.call(face, here, manager+"createNewSession", text)
				if want == 0 {
					r.fails(t, rpc.AstroGrid, "InvalidArgumentException")
					continue
				}
				w.requireLasting(r.ok(t), want)
			}
			w := newWorld(t, speaking(rpc.OSE))
			defer w.close()
			r := w.call("xmlrpc", here, manager+"createNewSession", text)
			require.True(t, r.failed)
			require.Equal(t, 56, r.code)
			require.Equal(t, -32602, w.call("jsonrpc", here, manager+"createNewSession", text).code)
		})
	}
}

func TestParametersThatAreWrong(t *testing.T) {
	each(t, func(t *testing.T, d rpc.Dialect, face string) {
		w := newWorld(t, speaking(d))
		defer w.close()
		for _, function := range []string{"createNewSession", "exists", "dispose", "findHttpSession", "findXmlRpcSession"} {
			w.call(face, here, manager+function).fails(t, d, "InvalidArgumentException")
			if face == "xmlrpc" || face == "jsonrpc" {
				w.call(face, here, manager+function, "a", "b").fails(t, d, "InvalidArgumentException")
			}
		}
	})
}

// The session manager is among the functions that a client is told of, with help
// and signatures, in every session.
func TestListed(t *testing.T) {
	w := newWorld(t)
	defer w.close()
	for _, base := range []string{here, w.inside(w.create(10))} {
		list := strings.Fields(w.call("xmlrpc", base, "system.listMethods").ok(t))
		for function, signature := range map[string]string{
			"createNewSession": "string double", "exists": "boolean string", "dispose": "string string",
			"findHttpSession": "string string", "findXmlRpcSession": "string string",
		} {
			require.Contains(t, list, manager+function)
			require.NotEmpty(t, w.xml(base+"xmlrpc", "system.methodHelp", manager+function).ok(t))
			require.Equal(t, signature, w.xml(base+"xmlrpc", "system.methodSignature", manager+function).ok(t))
		}
		require.Contains(t, list, "astrogrid.community.login")
		require.Contains(t, list, "builtin.configuration.getKey")
		require.Len(t, list, len(unique(list)))
	}
}

func unique(list []string) map[string]bool {
	m := make(map[string]bool)
	for _, e := range list {
		m[e] = true
	}
	return m
}
