package resource_test

import (
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
)

func TestRequestWithASessionAllocatesNothing(t *testing.T) {
	constant := []byte("constant")
	tree, _ := newTree(branch(map[string]resource.Resource{
		"a": branch(map[string]resource.Resource{"b c": resource.GET(func(req *resource.Request) {
			req.GetSession()
			_, _ = req.Write(constant)
		})}),
	}))
	uid := open(t, tree, "/a/b%20c")
	for name, ctx := range map[string]string{
		"one cookie":   raw("GET", "/a/b%20c", "Cookie: sid="+uid),
		"many cookies": raw("GET", "/a/b%20c?q=1", "User-Agent: test", "Cookie: a=b; c=d; sid="+uid+"; e=f"),
		"HEAD":         raw("HEAD", "/a/b%20c", "Cookie: sid="+uid),
	} {
		ctx := parse(t, ctx)
		once := func() {
			ctx.Response.ResetBody()
			tree.Handler(ctx)
		}
		once()
		require.Equal(t, "constant", string(ctx.Response.Body()))
		require.Empty(t, setCookies(&ctx.Response))
		if !raceEnabled {
			require.Zero(t, testing.AllocsPerRun(1000, once), name)
		}
	}
	require.EqualValues(t, 1, tree.Sessions.Stats().Made)
}
