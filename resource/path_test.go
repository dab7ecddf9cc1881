package resource_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// trail is a node that has every child and answers with the way to it.
type trail struct{ resource.Branch }

func (n *trail) GetChild(name []byte, _ *resource.Request) resource.Resource {
	return n
}

func (n *trail) RenderGET(req *resource.Request) {
	fmt.Fprintf(req, "%q", req.Prepath())
}

func TestPathIsSplitBeforeItIsDecoded(t *testing.T) {
	tree, _ := newTree(new(trail))
	slashes := strings.Repeat("/", 16<<10)
	tests := map[string]struct {
		path string
		want []string // nil: a 400
	}{
		"root":                 {"/", []string{""}},
		"one":                  {"/a", []string{"a"}},
		"two":                  {"/a/b", []string{"a", "b"}},
		"escaped slash":        {"/a%2Fb", []string{"a/b"}},
		"escaped slash, lower": {"/a%2fb/c", []string{"a/b", "c"}},
		"decoded once":         {"/%252F", []string{"%2F"}},
		"dot":                  {"/.", []string{"."}},
		"dots":                 {"/a/../b", []string{"a", "..", "b"}},
		"dots escaped":         {"/%2e%2E/b", []string{"..", "b"}},
		"empty ones":           {"//", []string{"", ""}},
		"empty in the middle":  {"/a//b", []string{"a", "", "b"}},
		"looks like a host":    {"//evil.example/x", []string{"", "evil.example", "x"}},
		"looks like a URL":     {"/http://evil.example/x", []string{"http:", "", "evil.example", "x"}},
		"trailing":             {"/a/", []string{"a", ""}},
		"backslash":            {`/a\b`, []string{`a\b`}},
		"plus is a plus":       {"/a+b", []string{"a+b"}},
		"semicolon":            {"/a;b=c", []string{"a;b=c"}},
		"query":                {"/a?b/c%zz", []string{"a"}},
		"escaped ?":            {"/a%3Fb", []string{"a?b"}},
		"raw non-ASCII":        {"/é", []string{"é"}},
		"escaped non-ASCII":    {"/%C3%A9", []string{"é"}},
		"bad UTF-8":            {"/%ff", []string{"\xff"}},
		"escaped control":      {"/%0d%0a", []string{"\r\n"}},
		"last escape":          {"/a%41", []string{"aA"}},
		"bad escape":           {"/%zz", nil},
		"half a bad escape":    {"/%4z", nil},
		"short escape":         {"/a%", nil},
		"shorter escape":       {"/a%4", nil},
		"escape over a slash":  {"/%4/1", nil},
		"NUL":                  {"/a%00", nil},
		"NUL alone":            {"/%00", nil},
		"NUL later":            {"/a/b%00c/d", nil},
		"absolute form":        {"http://example.org/a%2Fb/c", []string{"a/b", "c"}},
		"absolute, root":       {"http://example.org/", []string{""}},
		"absolute, no path":    {"http://example.org", []string{""}},
		"slashes":              {slashes, make([]string, 16<<10)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := answer(t, tree, get(t, test.path))
			if test.want == nil {
				require.Equal(t, fasthttp.StatusBadRequest, r.StatusCode())
				require.Equal(t, "400 Bad Request\n", string(r.Body()))
				return
			}
			require.Equal(t, fasthttp.StatusOK, r.StatusCode())
			require.Equal(t, fmt.Sprintf("%q", test.want), string(r.Body()))
		})
	}
}

// An absolute form may have a query straight after the host (RFC 9112 3.2.2).
func TestPathOfAnAbsoluteFormWithAQueryOnlyIsTheRoot(t *testing.T) {
	tree, _ := newTree(new(trail))
	r := answer(t, tree, get(t, "http://example.org?a=b"))
	require.Equal(t, fasthttp.StatusOK, r.StatusCode())
	require.Equal(t, `[""]`, string(r.Body()))
}

// HTTP/1.0 has no Host, and fasthttp then takes what follows // for one.
func TestPathWithoutAHostIsTheOneThatWasSent(t *testing.T) {
	tree, _ := newTree(new(trail))
	for _, host := range []string{"", "Host: \r\n"} {
		r := answer(t, tree, parse(t, "GET //admin/x HTTP/1.0\r\n"+host+"\r\n"))
		require.Equal(t, fasthttp.StatusOK, r.StatusCode())
		require.Equal(t, `["" "admin" "x"]`, string(r.Body()), "Host header: %q", host)
	}
}

func TestPathWithoutALeadingSlashIsBad(t *testing.T) {
	tree, _ := newTree(new(trail))
	for name, path := range map[string]string{"word": "a/b", "empty": "", "NUL": "/a\x00b", "NUL first": "\x00/a"} {
		t.Run(name, func(t *testing.T) {
			// The server's parser lets none of these through, another caller may.
			ctx := get(t, "/")
			ctx.Request.URI().SetPath(path)
			require.Equal(t, path, string(ctx.URI().PathOriginal()))
			require.Equal(t, fasthttp.StatusBadRequest, answer(t, tree, ctx).StatusCode())
		})
	}
}

// Paths that need much memory must not change what comes after them.
func TestPathOfOneRequestDoesNotReachIntoAnother(t *testing.T) {
	tree, _ := newTree(new(trail))
	for _, path := range []string{strings.Repeat("/%41", 5000), "/a%2Fb/c", strings.Repeat("/x", 5000), "/a", "/%41"} {
		want := strings.Split(path, "/")[1:]
		for i := range want {
			want[i], _ = url.PathUnescape(want[i])
		}
		for range 3 {
			require.Equal(t, fmt.Sprintf("%q", want), string(answer(t, tree, get(t, path)).Body()))
		}
	}
}

// slowPath is how the walk over a path reads when it need not be fast.
func slowPath(path string) ([]string, bool) {
	if !strings.HasPrefix(path, "/") {
		return nil, false
	}
	var segments []string
	for _, s := range strings.Split(path[1:], "/") {
		s, err := url.PathUnescape(s)
		if err != nil || strings.Contains(s, "\x00") {
			return nil, false
		}
		segments = append(segments, s)
	}
	return segments, true
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"/", "//", "/a%2Fb/", "/%", "/%4", "/%00", "/\x00", "/é/%C3", "/%ff%FF", "/.././/", "a", "", "/%zz/%41", "/a%2", "/#0", "/?/"} {
		f.Add(s)
	}
	tree, _ := newTree(new(trail))
	f.Fuzz(func(t *testing.T, path string) {
		ctx := new(fasthttp.RequestCtx)
		ctx.Init(new(fasthttp.Request), nil, nil)
		ctx.Request.URI().SetPath(path)
		path = string(ctx.Request.URI().PathOriginal())
		want, ok := slowPath(path)
		r := answer(t, tree, ctx)
		if !ok {
			require.Equal(t, fasthttp.StatusBadRequest, r.StatusCode(), "%q", path)
			return
		}
		require.Equal(t, fasthttp.StatusOK, r.StatusCode(), "%q", path)
		require.Equal(t, fmt.Sprintf("%q", want), string(r.Body()), "%q", path)
	})
}
