package guard_test

import (
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/valyala/fasthttp"
)

// Nobody comes in but by a user's name and password, whatever is in the header.
func FuzzAuthorization(f *testing.F) {
	for _, v := range []string{
		"", "Basic", "Basic ", "Basic ZXZhOnNlY3JldA==", "basic  ZXZhOnNlY3JldA==", "Basic ZXZhOnNlY3JldAAA", "Basic Og==",
		"Bearer ZXZhOnNlY3JldA==", "Basic ZXZhOnNlY3JldA==, Basic x", "Basic =", "\x00", "Basic \xff",
	} {
		f.Add(v)
	}
	tree := &resource.Tree{
		Root: &guard.Basic{Resource: inside(), Check: guard.Users(map[string]string{"eva": "secret"})},
		Log:  slog.New(slog.DiscardHandler),
	}
	f.Fuzz(func(t *testing.T, header string) {
		var ctx fasthttp.RequestCtx
		ctx.Init(new(fasthttp.Request), nil, nil)
		ctx.Request.SetRequestURI("/")
		ctx.Request.Header.Set("Authorization", header)
		tree.Handler(&ctx)
		switch ctx.Response.StatusCode() {
		case 401:
		case 200:
			_, code, _ := strings.Cut(string(ctx.Request.Header.Peek("Authorization")), " ")
			given, err := base64.StdEncoding.DecodeString(strings.TrimSpace(code))
			if err != nil || string(given) != "eva:secret" {
				t.Fatalf("%q lets one in", header)
			}
		default:
			t.Fatal(ctx.Response.StatusCode())
		}
	})
}
