//go:build unix

package sessionmanager_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/stretchr/testify/require"
)

// Whatever the process leaves open to others by its umask, this file is not.
func TestConnectionFileAndUmask(t *testing.T) {
	for name, mask := range map[string]int{"0": 0, "022": 0o022, "077": 0o077} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "connection")
			old := syscall.Umask(mask)
			defer syscall.Umask(old)
			remove, err := sessionmanager.WriteConnectionFile(path, url)
			require.NoError(t, err)
			requireConnection(t, path, url)
			require.NoError(t, remove())
		})
	}
}
