package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindTakesTheLastVersion(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"9", "15", "14"} {
		bin := filepath.Join(dir, version, "bin")
		require.NoError(t, os.MkdirAll(bin, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(bin, "postgres"), nil, 0o755))
	}
	path, err := find("postgres", "postgresql", filepath.Join(dir, "*", "bin"))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "15", "bin", "postgres"), path)
}

func TestFindNamesThePackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := find("postgres", "postgresql", filepath.Join(t.TempDir(), "*"))
	require.ErrorContains(t, err, "install the Debian package postgresql")
}
