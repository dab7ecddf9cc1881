package sessionmanager_test

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spindleweb/spindle/resource/rpc/sessionmanager"
	"github.com/stretchr/testify/require"
)

const url = "http://127.0.0.1:8080/"

// names returns what is in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	all := []string{}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func requireConnection(t *testing.T, path, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want+"\n", string(text))
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode()) // a regular file, of its owner alone
	require.Equal(t, []string{filepath.Base(path)}, names(t, filepath.Dir(path)))
}

// A program reads the first line, strips it and has the base URL.
func TestConnectionFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".astrogrid-desktop")
	remove, err := sessionmanager.WriteConnectionFile(path, url)
	require.NoError(t, err)
	requireConnection(t, path, url)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, url+"xmlrpc", strings.TrimSpace(line)+"xmlrpc")
	require.NoError(t, remove())
	require.Empty(t, names(t, filepath.Dir(path)))
}

// One that is there already is replaced, whatever it is but a directory.
func TestConnectionFileThatIsThereAlready(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, path string){
		"for all to read": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("http://old/\nand more\n"), 0o600))
			require.NoError(t, os.Chmod(path, 0o666))
		},
		"for nobody to write": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, nil, 0o400))
		},
		"link to nothing": func(t *testing.T, path string) {
			require.NoError(t, os.Symlink("nowhere", path))
		},
		"link to itself": func(t *testing.T, path string) {
			require.NoError(t, os.Symlink(path, path))
		},
		"ours": func(t *testing.T, path string) {
			_, err := sessionmanager.WriteConnectionFile(path, url)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "connection")
			before(t, path)
			remove, err := sessionmanager.WriteConnectionFile(path, url)
			require.NoError(t, err)
			requireConnection(t, path, url)
			require.NoError(t, remove())
			require.Empty(t, names(t, filepath.Dir(path)))
		})
	}
}

// Who has put a link there has us write nowhere else, and remove nothing else.
func TestConnectionFileWhereALinkIs(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	require.NoError(t, os.WriteFile(target, []byte("mine"), 0o644))
	path := filepath.Join(t.TempDir(), "connection")
	require.NoError(t, os.Symlink(target, path))
	remove, err := sessionmanager.WriteConnectionFile(path, url)
	require.NoError(t, err)
	requireConnection(t, path, url)
	require.NoError(t, remove())
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
	info, err := os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o644), info.Mode())
}

// What another has put in its place since is not ours to remove, be its URL the
// same, as where both are behind one proxy.
func TestConnectionFileReplacedByAnother(t *testing.T) {
	for name, other := range map[string]string{"another URL": "http://127.0.0.1:9090/", "the same URL": url} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "connection")
			removeOurs, err := sessionmanager.WriteConnectionFile(path, url)
			require.NoError(t, err)
			removeTheirs, err := sessionmanager.WriteConnectionFile(path, other)
			require.NoError(t, err)
			require.NoError(t, removeOurs())
			requireConnection(t, path, other)
			require.NoError(t, removeTheirs())
			require.Empty(t, names(t, filepath.Dir(path)))
		})
	}
}

// One that somebody has changed, or a longer one that begins with ours, stays.
func TestConnectionFileChangedByHand(t *testing.T) {
	for name, text := range map[string]string{"other": "http://other/\n", "longer": url + "\n# kept\n", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "connection")
			remove, err := sessionmanager.WriteConnectionFile(path, url)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			require.NoError(t, remove())
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, text, string(now))
		})
	}
}

// That it is gone already is what was wanted.
func TestConnectionFileRemovedByHand(t *testing.T) {
	t.Run("the file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "connection")
		remove, err := sessionmanager.WriteConnectionFile(path, url)
		require.NoError(t, err)
		require.NoError(t, os.Remove(path))
		require.NoError(t, remove())
		require.Empty(t, names(t, filepath.Dir(path)))
	})
	t.Run("twice", func(t *testing.T) {
		remove, err := sessionmanager.WriteConnectionFile(filepath.Join(t.TempDir(), "connection"), url)
		require.NoError(t, err)
		require.NoError(t, remove())
		require.NoError(t, remove())
	})
	t.Run("its directory", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "dir")
		require.NoError(t, os.Mkdir(dir, 0o700))
		remove, err := sessionmanager.WriteConnectionFile(filepath.Join(dir, "connection"), url)
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, remove())
	})
}

// An error says what went wrong, and nothing is left behind.
func TestConnectionFileThatCannotBeWritten(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string) (path string){
		"no directory": func(_ *testing.T, dir string) string { return filepath.Join(dir, "missing", "connection") },
		"below a file": func(t *testing.T, dir string) string {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
			return filepath.Join(dir, "file", "connection")
		},
		"a directory": func(t *testing.T, dir string) string {
			require.NoError(t, os.Mkdir(filepath.Join(dir, "connection"), 0o700))
			return filepath.Join(dir, "connection")
		},
		"too long a name": func(_ *testing.T, dir string) string { return filepath.Join(dir, strings.Repeat("x", 300)) },
		"NUL":             func(_ *testing.T, dir string) string { return filepath.Join(dir, "a\x00b") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := make(t, dir)
			before := names(t, dir)
			remove, err := sessionmanager.WriteConnectionFile(path, url)
			require.Error(t, err)
			require.Nil(t, remove)
			require.True(t, strings.HasPrefix(err.Error(), "sessionmanager: "), err)
			require.Equal(t, before, names(t, dir))
		})
	}
}

// When it cannot be told what is there, the error says so in the package's name.
func TestConnectionFileThatCannotBeRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connection")
	remove, err := sessionmanager.WriteConnectionFile(path, url)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	if err := remove(); err != nil { // or it is seen to be another's
		require.True(t, strings.HasPrefix(err.Error(), "sessionmanager: "), err)
	}
	require.Equal(t, []string{"connection"}, names(t, filepath.Dir(path)))
}
