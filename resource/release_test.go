package resource_test

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
)

// A Release too many is a mistake of the resource's, like any other panic: an
// entry in the log, wherever it is noticed.
func TestReleaseTooManyDoesNotEndTheProcess(t *testing.T) {
	ways := map[string]func(*resource.Request){
		"in the handler": func(req *resource.Request) { req.GetSession().Release() },
		"before a stream": func(req *resource.Request) {
			s := req.GetSession()
			req.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString("x") })
			s.Release()
		},
		"in a hijack handler": func(req *resource.Request) {
			s := req.GetSession()
			req.Hijack(func(net.Conn) { s.Release() })
		},
		"before a hijack": func(req *resource.Request) {
			req.GetSession().Release()
			req.Hijack(func(net.Conn) {})
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			root := new(resource.Branch)
			root.PutChild("bad", resource.GET(way))
			root.PutChild("good", resource.GET(func(req *resource.Request) { _, _ = req.WriteString("good") }))
			tree, _ := newTree(root)
			srv := serve(t, tree.Handler)
			for _, path := range []string{"/bad", "/good"} {
				c := srv.dial(t)
				_, err := io.WriteString(c, raw("GET", path, "Connection: close"))
				require.NoError(t, err)
				answer, _ := io.ReadAll(c)
				if path == "/good" {
					require.Contains(t, string(answer), "good")
				}
			}
		})
	}
}
