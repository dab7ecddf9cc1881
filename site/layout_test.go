package site_test

import (
	"go/build"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/spindleweb/spindle"

// Each package works without the ones above it.
func TestImportsRunDownOnly(t *testing.T) {
	const fast = "github.com/valyala/fasthttp"
	for dir, may := range map[string][]string{
		"timer":            nil,
		"session":          {module + "/timer", fast},
		"session/sqlstore": {module + "/session"}, // and no driver
		"resource":         {module + "/session", fast},

		"resource/persession":          {module + "/session", module + "/resource", fast},
		"resource/guard":               {module + "/resource", fast},
		"resource/rpc/internal/xmlrpc": nil,
		"resource/rpc": {module + "/session", module + "/resource", module + "/resource/guard",
			module + "/resource/persession", module + "/resource/rpc/internal/xmlrpc", fast},
		"resource/rpc/sessionmanager": {module + "/session", module + "/resource", module + "/resource/persession", module + "/resource/rpc"},

		"site": {module + "/timer", module + "/session", module + "/resource", fast},
	} {
		p, err := build.ImportDir("../"+dir, 0)
		require.NoError(t, err)
		for _, path := range p.Imports {
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				require.Contains(t, may, path, dir)
			}
		}
	}
}

func TestRootRequiresThreeModules(t *testing.T) {
	text, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	var direct []string
	inside := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		one, single := strings.CutPrefix(line, "require ")
		switch {
		case line == "require (":
			inside = true
		case line == ")":
			inside = false
		case (inside || single) && line != "" && !strings.HasPrefix(line, "//") && !strings.HasSuffix(line, "// indirect"):
			direct = append(direct, strings.Fields(one)[0])
		}
	}
	slices.Sort(direct)
	require.Equal(t, []string{"github.com/puzpuzpuz/xsync/v3", "github.com/stretchr/testify", "github.com/valyala/fasthttp"}, direct)
}
