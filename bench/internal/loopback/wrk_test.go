package loopback

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	summary = `Running 11s test @ http://127.0.0.1:40123/session
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   310.25us   50.11us   2.91ms   89.14%
    Req/Sec   204.35k     3.12k  209.90k    70.00%
  408712 requests in 2.00s, 54.18MB read
Requests/sec: 204356.00
Transfer/sec:     27.09MB
`
	good    = "result requests=408712 took_us=2001034 p50_us=301 p99_us=512 p999_us=1730 connect=0 read=0 write=0 status=0 timeout=0\n"
	nothing = "result requests=0 took_us=9 p50_us=0 p99_us=0 p999_us=0 connect=0 read=0 write=0 status=0 timeout=0"
)

func TestParseWrk(t *testing.T) {
	for name, c := range map[string]struct {
		out string
		err string
	}{
		"as printed":          {out: summary + good},
		"alone":               {out: good},
		"without a line end":  {out: good[:len(good)-1]},
		"nothing":             {err: "no result"},
		"no result":           {out: summary, err: "no result"},
		"cut off":             {out: "result requests=408712 took_us=2001034 p50", err: `"p50" in the result`},
		"a field short":       {out: "result requests=1 took_us=1 p50_us=1 p99_us=1\n", err: "no p999_us"},
		"not a number":        {out: "result requests=nan\n", err: `"requests=nan"`},
		"negative":            {out: "result requests=-1\n", err: `"requests=-1"`},
		"too large":           {out: "result requests=99999999999999999999\n", err: "in the result"},
		"no requests":         {out: nothing, err: "no request was answered"},
		"no time":             {out: "result requests=9 took_us=0 p50_us=0 p99_us=0 p999_us=0 connect=0 read=0 write=0 status=0 timeout=0", err: "no request was answered"},
		"bad answers":         {out: "result requests=9 took_us=9 p50_us=0 p99_us=0 p999_us=0 connect=0 read=0 write=0 status=7 timeout=0", err: "7 status errors"},
		"connection refused":  {out: "result requests=0 took_us=9 p50_us=0 p99_us=0 p999_us=0 connect=64 read=0 write=0 status=0 timeout=0", err: "64 connect errors"},
		"closed and timeouts": {out: "result requests=9 took_us=9 p50_us=0 p99_us=0 p999_us=0 connect=0 read=3 write=2 status=0 timeout=1", err: "3 read errors\n2 write errors\n1 timeout errors"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := parseWrk(c.out)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Zero(t, a)
				return
			}
			require.NoError(t, err)
			require.Equal(t, answers{
				Requests: 408712, Took: 2001034 * time.Microsecond,
				P50: 301 * time.Microsecond, P99: 512 * time.Microsecond, P999: 1730 * time.Microsecond,
			}, a)
		})
	}
}

// A script in place of wrk sees how it is run and treated.
func TestWrk(t *testing.T) {
	// The second argument is the number of threads, each of which is ready once.
	const ready = "for i in $(seq $2); do echo ready >&2; done\n"
	for name, c := range map[string]struct {
		script string
		each   time.Duration
		err    string
	}{
		"interrupted": {each: time.Millisecond, script: "trap 'echo \"" + good[:len(good)-1] + "\"; exit' INT\n" + ready + "while :; do sleep 0.01; done"},
		"nothing at first": {each: 10 * time.Millisecond, script: "if [ ! -e $0.2 ]; then touch $0.2; trap '' INT\n" + ready + "echo '" + nothing + "'; exit; fi\n" +
			"trap 'echo \"" + good[:len(good)-1] + "\"; exit' INT\n" + ready + "while :; do sleep 0.01; done"},
		"nothing":      {script: ready + "echo '" + nothing + "'", err: "wrk: no request was answered"},
		"by itself":    {script: ready + "echo '" + good + "'"},
		"fails":        {script: "echo 'unable to connect' >&2; exit 1", err: "wrk: exit status 1: unable to connect"},
		"says nothing": {script: ready + "echo oh >&2", err: `wrk: no result in "": oh`},
		"bad script":   {script: "echo 'wrk.lua: cannot open' >&2; echo Running", err: `wrk: no result in "Running\n": wrk.lua: cannot open`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "wrk")
			require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nif [ \"$1\" = -v ]; then echo wrk 4.1.0; exit 1; fi\n"+c.script), 0o700))
			w, err := newWrk(t.Context(), path)
			require.NoError(t, err)
			defer w.close()
			require.Equal(t, "wrk 4.1.0", w.name())
			if c.each == 0 {
				c.each = time.Hour
			}
			a, err := w.run(t.Context(), load{Addr: "127.0.0.1:1", Path: "/", Cookies: []string{"a=1"}, Connections: 64, Each: c.each})
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 408712, a.Requests)
		})
	}
}

func TestWrkCancelled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wrk")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	w := &wrk{path: path, dir: t.TempDir()}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := w.run(ctx, load{Connections: 1, Each: time.Minute})
	require.ErrorIs(t, err, context.Canceled)
}

func TestWrkVersion(t *testing.T) {
	for says, want := range map[string]string{
		"wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer\nUsage: wrk": "4.1.0",
		"wrk 4.2.0 [kqueue] Copyright (C) 2012 Will Glozer\n":                      "4.2.0",
		"wrk  [epoll] Copyright (C) 2012 Will Glozer\nversion 1.2":                 "",
		"": "",
	} {
		require.Equal(t, want, wrkVersion(says), says)
	}
	require.Equal(t, "wrk", (&wrk{}).name())
	require.Equal(t, "wrk 4.1.0", (&wrk{version: "4.1.0"}).name())
}
