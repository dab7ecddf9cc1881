package main

import (
	"context"
	"encoding/json"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
	"github.com/valyala/fasthttp"
)

// Ten thousand clients open a cursor, begin a query and go away. None is closed
// before its time, all are then, each once, and the memory is there again.
func TestCursorsThatAreLeft(t *testing.T) {
	const left, timeout = 10_000, time.Minute
	*most = left
	clock := new(timer.Wheel)
	cursors.Sessions.Clock = clock
	var ended atomic.Int64
	all := make(chan struct{})
	cursors.Sessions.OnExpire = func(s *session.Session) {
		if s.Reason() != session.Idle {
			t.Error("a cursor is closed:", s.Reason())
		}
		if ended.Add(1) == left {
			close(all)
		}
	}
	// In memory, for each by itself: files would be more than a process may open.
	if err := prepare(url.URL{Scheme: "file", Opaque: ":memory:"}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tree := &resource.Tree{Root: gateway()}
	before := heap()
	for range left {
		id := call[string](t, tree, "/database", "cursor", timeout.Seconds())
		if n := call[int](t, tree, "/database/"+id, "execute", "VALUES ('Earth'), ('Mars')"); n != -1 {
			t.Fatal("a query has changed", n)
		}
		if row := call[[]any](t, tree, "/database/"+id, "fetchone"); row[0] != "Earth" {
			t.Fatal("the first row is", row)
		}
	}
	full := heap()
	if n := call[int](t, tree, "/database", "cursors"); n != left {
		t.Fatal("open are", n)
	}
	clock.Advance(timeout - time.Millisecond)
	if n := ended.Load(); n != 0 {
		t.Fatal(n, "were closed early")
	}
	clock.Advance(timeout/32 + time.Second) // how late the latest may be
	select {
	case <-all:
	case <-time.After(5 * time.Minute): // so that a hang is a failure
		t.Fatal("only", ended.Load(), "were closed")
	}
	if err := cursors.Sessions.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := ended.Load(); n != left {
		t.Fatal(n, "ends of", left)
	}
	if s := db.Stats(); s.InUse != 0 || s.OpenConnections != 0 {
		t.Fatalf("the database has %+v", s)
	}
	// database/sql has a goroutine for each query, and the runtime keeps what it has of
	// them for others: a twelfth of all that.
	if after := heap(); after-before > (full-before)/6 {
		t.Fatalf("%d bytes before, %d with all open, %d after", before, full, after)
	}
}

// call makes a call by JSON-RPC.
func call[T any](t *testing.T, tree *resource.Tree, path, method string, params ...any) (result T) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.Header.SetContentType("application/json")
	ctx.Request.SetRequestURI(path)
	ctx.Request.SetBody(body)
	tree.Handler(ctx)
	answer := struct {
		Result *T
		Error  any
	}{Result: &result}
	if err := json.Unmarshal(ctx.Response.Body(), &answer); err != nil || answer.Error != nil {
		t.Fatalf("%s: %d %s", method, ctx.Response.StatusCode(), ctx.Response.Body())
	}
	return result
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // for what the first has finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
