package resource_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/spindleweb/spindle/resource"
	"github.com/stretchr/testify/require"
)

// maker makes a child of every name.
type maker struct{ resource.Branch }

func (m *maker) GetChild(name []byte, _ *resource.Request) resource.Resource {
	if string(name) == "nothing" {
		return nil
	}
	return say("made " + string(name))
}

func (m *maker) RenderGET(req *resource.Request) { _, _ = req.WriteString("maker") }

// page is a node with children and an answer of its own.
type page struct {
	resource.Branch
	text string
}

func (p *page) RenderGET(req *resource.Request) { _, _ = req.WriteString(p.text) }

// rest is a leaf that tells where it is.
type rest struct{ resource.Leaf }

func (rest) RenderGET(req *resource.Request) {
	fmt.Fprintf(req, "%q %q", req.Prepath(), req.Postpath())
}

func TestWalk(t *testing.T) {
	dynamic := new(maker)
	dynamic.PutChild("put", say("put"))
	dynamic.PutChild("nothing", say("put nothing"))

	withIndex := &page{text: "itself"}
	withIndex.PutChild("", say("index"))
	without := &page{text: "itself"}
	without.PutChild("child", say("child"))
	odd := new(resource.Branch)
	odd.PutChild("a/b", say("slash"))
	odd.PutChild("é", say("accent"))
	odd.PutChild("..", say("dots"))
	odd.PutChild("%41", say("percent"))
	removed := new(maker)
	removed.PutChild("x", say("put"))
	removed.PutChild("x", nil)
	removed.PutChild("never", nil)

	root := branch(map[string]resource.Resource{
		"dynamic": dynamic, "index": withIndex, "without": without, "odd": odd, "removed": removed, "leaf": rest{},
		"nested":   branch(map[string]resource.Resource{"": branch(map[string]resource.Resource{"": say("deep")})}),
		"stranger": stranger{},
	})
	tree, log := newTree(root)
	tests := []struct {
		path string
		want string // "" is a 404
	}{
		{"/dynamic/put", "put"},
		{"/dynamic/nothing", "put nothing"},
		{"/dynamic/other", "made other"},
		{"/dynamic", "maker"},
		{"/dynamic/", "made "},
		{"/dynamic/other/", "made other"},
		{"/dynamic/other/more", ""},
		{"/index", "itself"},
		{"/index/", "index"},
		{"/index//", "index"},
		{"/index///", ""},
		{"/without", "itself"},
		{"/without/", "itself"},
		{"/without//", ""},
		{"/without//child", ""},
		{"/without/child", "child"},
		{"/without/child/", "child"},
		{"/without/Child", ""},
		{"/without/./child", ""},
		{"/odd/a%2Fb", "slash"},
		{"/odd/a/b", ""},
		{"/odd/%C3%A9", "accent"},
		{"/odd/é", "accent"},
		{"/odd/..", "dots"},
		{"/odd/%2e%2e", "dots"},
		{"/odd/%2541", "percent"},
		{"/odd/%41", ""},
		{"/removed/x", "made x"},
		{"/removed/never", "made never"},
		{"/nested//", "deep"},
		{"/leaf", `["leaf"] []`},
		{"/leaf/", `["leaf"] [""]`},
		{"/leaf/a//b%2Fc/", `["leaf"] ["a" "" "b/c" ""]`},
		{"/stranger/x", `made without a Branch`},
		{"/stranger/", ""},
		{"/", ""},
		{"/nobody", ""},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			r := answer(t, tree, get(t, test.path))
			if test.want == "" {
				require.Equal(t, 404, r.StatusCode())
				require.Equal(t, "404 Not Found\n", string(r.Body()))
				return
			}
			require.Equal(t, 200, r.StatusCode())
			require.Equal(t, test.want, string(r.Body()))
		})
	}
	require.Empty(t, log.heard())
}

// stranger is a Resource that embeds nothing.
type stranger struct{}

func (stranger) IsLeaf() bool { return false }
func (stranger) GetChild(name []byte, _ *resource.Request) resource.Resource {
	if string(name) == "x" {
		return say("made without a Branch")
	}
	return nil
}

func TestNoRootIsNotFound(t *testing.T) {
	tree, log := newTree(nil)
	require.Equal(t, 404, answer(t, tree, get(t, "/a")).StatusCode())
	require.Empty(t, log.heard())
}

// shifter reads two segments at once: its own and the next.
type shifter struct{ resource.Branch }

func (s *shifter) GetChild(name []byte, req *resource.Request) resource.Resource {
	pre, next := fmt.Sprintf("%q", req.Prepath()), req.Shift()
	text := fmt.Sprintf("%s %q %q %v", pre, name, next, next == nil)
	return resource.Func(func(req *resource.Request) {
		fmt.Fprintf(req, "%s then %q %q", text, req.Prepath(), req.Postpath())
		for req.Shift() != nil { // to the end and beyond
		}
		fmt.Fprintf(req, " then %q %q %v", req.Prepath(), req.Postpath(), req.Shift() == nil)
	})
}

func TestShift(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{"s": new(shifter)}))
	for path, want := range map[string]string{
		"/s/a/b/c": `["s" "a"] "a" "b" false then ["s" "a" "b"] ["c"] then ["s" "a" "b" "c"] [] true`,
		"/s/a":     `["s" "a"] "a" "" true then ["s" "a"] [] then ["s" "a"] [] true`,
		"/s/a/":    `["s" "a"] "a" "" false then ["s" "a" ""] [] then ["s" "a" ""] [] true`,
	} {
		require.Equal(t, want, string(answer(t, tree, get(t, path)).Body()), path)
	}
}

// Who appends to Prepath must not write over what is left of the path.
func TestPrepathCannotBeAppendedInPlace(t *testing.T) {
	tree, _ := newTree(branch(map[string]resource.Resource{"a": resource.Func(func(req *resource.Request) {
		_ = append(req.Prepath(), []byte("spoiled"))
		fmt.Fprintf(req, "%q", req.Postpath())
	})}))
	require.Equal(t, `["b"]`, string(answer(t, tree, get(t, "/a/b")).Body()))
}

// wrapper lets pass who has the key.
type wrapper struct {
	resource.Leaf
	inner resource.Resource
}

func (w wrapper) Render(req *resource.Request) {
	if len(req.Request.Header.Peek("X-Key")) == 0 {
		req.Abort(403)
	}
	resource.Serve(w.inner, req)
}

func TestServeWalksOnFromAWrapper(t *testing.T) {
	inner := &page{text: "inner"}
	inner.PutChild("a", rest{})
	tree, _ := newTree(branch(map[string]resource.Resource{"w": wrapper{inner: wrapper{inner: inner}}, "nil": wrapper{}}))
	require.Equal(t, 403, answer(t, tree, get(t, "/w/a/b")).StatusCode())
	for path, want := range map[string]string{"/w": "inner", "/w/": "inner", "/w/a/b": `["w" "a"] ["b"]`} {
		require.Equal(t, want, string(answer(t, tree, get(t, path, "X-Key: 1")).Body()))
	}
	require.Equal(t, 404, answer(t, tree, get(t, "/w/b", "X-Key: 1")).StatusCode())
	require.Equal(t, 405, answer(t, tree, parse(t, raw("DELETE", "/w", "X-Key: 1"))).StatusCode())
	require.Equal(t, 404, answer(t, tree, get(t, "/nil/b", "X-Key: 1")).StatusCode())
}

func TestPutChildWhileServing(t *testing.T) {
	b := new(page)
	b.PutChild("always", say("always"))
	tree, log := newTree(b)
	const writers, children = 4, 200
	var putting, asking sync.WaitGroup
	stop := make(chan struct{})
	bad := make(chan string, 8)
	for range 4 {
		ctx, other := get(t, "/always"), get(t, "/0-0")
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				ctx.Response.Reset()
				if tree.Handler(ctx); string(ctx.Response.Body()) != "always" {
					bad <- ctx.Response.String()
					return
				}
				other.Response.Reset()
				if tree.Handler(other); other.Response.StatusCode() != 200 && other.Response.StatusCode() != 404 {
					bad <- other.Response.String()
					return
				}
			}
		})
	}
	for w := range writers {
		putting.Go(func() {
			for i := range children {
				name := strconv.Itoa(w) + "-" + strconv.Itoa(i)
				b.PutChild(name, say(name))
				if i%2 == 1 {
					b.PutChild(name, nil)
				}
			}
		})
	}
	putting.Wait()
	close(stop)
	asking.Wait()
	require.Empty(t, bad)
	require.Empty(t, log.heard())
	for w := range writers {
		for i := range children {
			name := strconv.Itoa(w) + "-" + strconv.Itoa(i)
			r := answer(t, tree, get(t, "/"+name))
			if i%2 == 1 {
				require.Equal(t, 404, r.StatusCode(), name)
			} else {
				require.Equal(t, name, string(r.Body()))
			}
		}
	}
}

// A resource may change the tree it stands in, even from where it is asked.
type grower struct{ resource.Branch }

func (g *grower) GetChild(name []byte, _ *resource.Request) resource.Resource {
	child := say("grown " + string(name))
	g.PutChild(string(name), child)
	return child
}

func TestPutChildFromGetChild(t *testing.T) {
	tree, _ := newTree(new(grower))
	for range 3 {
		for _, name := range []string{"a", "b"} {
			require.Equal(t, "grown "+name, string(answer(t, tree, get(t, "/"+name)).Body()))
		}
	}
}
