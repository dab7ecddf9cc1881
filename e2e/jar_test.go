package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A jar is a visitor: the file in which curl keeps cookies.
type jar struct {
	t    *testing.T
	file string
}

func newJar(t *testing.T) jar {
	return jar{t, filepath.Join(t.TempDir(), "jar")}
}

func (j jar) get(url string, args ...string) answer {
	j.t.Helper()
	return get(j.t, url, append([]string{"--cookie", j.file, "--cookie-jar", j.file}, args...)...)
}

// cookies returns the seven fields of each cookie that is in the jar: host,
// whether for its subdomains too, path, whether for TLS only, when it expires,
// name, value. A host that begins with #HttpOnly_ marks the cookie as such.
func (j jar) cookies() map[string][]string {
	j.t.Helper()
	text, err := os.ReadFile(j.file)
	require.NoError(j.t, err)
	all := make(map[string][]string)
	for l := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		if len(fields) == 7 { // others are comments
			all[fields[5]] = fields
		}
	}
	return all
}

// uid returns the value of the cookie with the name.
func (j jar) uid(name string) string {
	j.t.Helper()
	c := j.cookies()
	require.Contains(j.t, c, name)
	return c[name][6]
}
