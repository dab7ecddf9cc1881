package sessionmanager_test

import (
	"fmt"
	"strings"
	"sync"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// Two users of one Runtime: each has a notebook, and that of a user who has gone is
// closed.
func ExampleRuntime() {
	rt := &sessionmanager.Runtime{
		Gateway: rpc.Gateway{Registry: new(rpc.Registry), Dialect: rpc.AstroGrid},
		URL:     "https://example.org/",
		PerSession: func(s *session.Session) []*rpc.Service {
			var mu sync.Mutex // calls may come at once
			var notes []string
			notebook := &rpc.Service{Name: "notebook"}
			notebook.Export("add", func(note string) int {
				mu.Lock()
				defer mu.Unlock()
				notes = append(notes, note)
				return len(notes)
			}, "note")
			s.NotifyOnExpire(func() {
				mu.Lock()
				defer mu.Unlock()
				fmt.Println("closed with", len(notes), "notes")
			})
			return []*rpc.Service{notebook}
		},
	}
	tree := &resource.Tree{Root: rt}
	get := func(url string) string {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		req.SetRequestURI(strings.TrimPrefix(url, "https://example.org"))
		ctx.Init(&req, nil, nil)
		tree.Handler(&ctx)
		return string(ctx.Response.Body())
	}
	manager := "https://example.org/builtin/sessionManager/"
	id := get(manager + "createNewSession/plain?inactivityTimeout=10")
	base := get(manager + "findHttpSession/plain?sessionId=" + id)
	fmt.Println(get(base + "notebook/add/plain?note=M31"))
	fmt.Println(get(base + "notebook/add/plain?note=M33"))
	fmt.Println(get("https://example.org/notebook/add/plain?note=M42"))
	fmt.Println(get(manager + "exists/plain?sessionId=" + id))
	fmt.Println(get(manager + "dispose/plain?sessionId=" + id))
	fmt.Println(get(manager + "exists/plain?sessionId=" + id))
	fmt.Println(get(manager + "findHttpSession/plain?sessionId=" + id))
	// Output:
	// 1
	// 2
	// 1
	// true
	// closed with 2 notes
	// OK
	// false
	// InvalidArgumentException: there is no such session
}
