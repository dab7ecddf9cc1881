package peer

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersions(t *testing.T) {
	require.Empty(t, versions(nil))
	got := versions(&debug.BuildInfo{Deps: []*debug.Module{
		{Path: "github.com/alexedwards/scs/v2", Version: "v2.9.0"},
		{Path: "github.com/icza/session", Version: "v1.2.0", Replace: &debug.Module{Path: "github.com/icza/session", Version: "v1.2.1"}},
		{Path: "github.com/spindleweb/spindle", Version: "v0.0.0", Replace: &debug.Module{Path: "../"}},
		{Path: "gonum.org/v1/plot", Version: "v0.17.0"},
	}})
	require.Equal(t, map[string]string{
		"github.com/alexedwards/scs/v2": "v2.9.0",
		"github.com/icza/session":       "v1.2.1",
		"github.com/spindleweb/spindle": "(devel)",
	}, got)
}
