package guard_test

import (
	"bufio"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func TestHosts(t *testing.T) {
	served := resource.Func(func(req *resource.Request) { _, _ = req.WriteString("in") })
	for host, code := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200, "192.0.2.7:1": 200,
		"localhost": 200, "LOCALHOST:8080": 200, "example.org": 200, "Example.ORG:443": 200,
		"evil.example": 421, "evil.example:8080": 421, "example.org.evil.example": 421, "sub.example.org": 421,
		"localhost.evil.example": 421, "127.0.0.1.evil.example": 421, ":8080": 421, "2130706433": 421,
	} {
		t.Run(host, func(t *testing.T) {
			tree := &resource.Tree{Root: &guard.Hosts{Resource: served, Names: []string{"", "example.org"}}}
			ctx := new(fasthttp.RequestCtx)
			ctx.Init(new(fasthttp.Request), nil, nil)
			raw := "GET /a/b HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
			require.NoError(t, ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))))
			tree.Handler(ctx)
			require.Equal(t, code, ctx.Response.StatusCode())
			if code == 200 {
				require.Equal(t, "in", string(ctx.Response.Body()))
			}
		})
	}
	t.Run("no names", func(t *testing.T) {
		tree := &resource.Tree{Root: &guard.Hosts{Resource: served}}
		ctx := new(fasthttp.RequestCtx)
		ctx.Request.Header.SetHost("example.org")
		tree.Handler(ctx)
		require.Equal(t, 421, ctx.Response.StatusCode())
	})
}
