package e2e_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// persistent starts the example with sessions of its own in the file.
func persistent(t *testing.T, file string, args ...string) *program {
	t.Helper()
	return start(t, "persistent", append([]string{"-db", file}, args...)...)
}

// remarks returns what the example has said but for where the sessions are.
func remarks(p *program) []string {
	said := []string{}
	for _, l := range p.said() {
		if !strings.HasPrefix(l, "The sessions are in ") {
			said = append(said, l)
		}
	}
	return said
}

// counted returns the number of the visit in a page, of shared's too.
func counted(t *testing.T, body string) (n int) {
	t.Helper()
	if body == "Welcome. This is your first visit.\n" {
		return 1
	}
	_, err := fmt.Sscanf(body, "This is visit %d", &n)
	require.NoError(t, err, "%s", body)
	return n
}

// A tally has the last visit of each session, by its uid. If the machine is so
// slow that a session ends between two visits, there is one more.
type tally map[string]int

func (y tally) visit(v jar, url string) answer {
	v.t.Helper()
	a := v.get(url)
	y[v.uid("sid")] = counted(v.t, a.body)
	return a
}

// ends returns what is said of the ends, %d standing for the last visit.
func (y tally) ends(format string) []string {
	var lines []string
	for _, n := range y {
		lines = append(lines, fmt.Sprintf(format, n))
	}
	return lines
}

func TestPersistentCountsOnInTheNextProcess(t *testing.T) {
	t.Parallel()
	ends := map[string]func(p *program){
		"killed":      (*program).kill,
		"terminated":  func(p *program) { p.end(syscall.SIGTERM) },
		"interrupted": func(p *program) { p.end(syscall.SIGINT) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "what? 100% & #1.db") // a name is no URL
			visitor, other := newJar(t), newJar(t)
			uid := ""
			for process := range 3 {
				p := persistent(t, file, "-timeout", "1h")
				for n := 3*process + 1; n <= 3*process+3; n++ {
					a := visitor.get(p.url(0))
					require.Equal(t, n, counted(t, a.body))
					if n == 1 {
						uid = a.given(t).Value
						continue
					}
					require.Empty(t, a.Header.Values("Set-Cookie"))
				}
				require.Equal(t, process+1, counted(t, other.get(p.url(0)).body))
				require.Equal(t, uid, visitor.uid("sid"))
				end(p)
				require.Equal(t, []string{"The sessions are in " + file}, p.said(), "none has ended")
			}
			files, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
			require.NoError(t, err)
			require.Contains(t, files, file)
		})
	}
}

var wouldHaveEnded = regexp.MustCompile(`; your session would have ended in (.*)\.\n$`)

func TestPersistentKeepsTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	const timeout = time.Hour
	file := filepath.Join(t.TempDir(), "db")
	visitor := newJar(t)

	p := persistent(t, file, "-timeout", timeout.String())
	last := visitor.get(p.url(0))
	p.kill()

	eventually(t, "time has passed", func() bool { return time.Since(last.after) > 3*time.Second })
	p = persistent(t, file, "-timeout", "10h") // that is for new sessions
	a := visitor.get(p.url(0))
	require.Equal(t, 2, counted(t, a.body))
	m := wouldHaveEnded.FindStringSubmatch(a.body)
	require.NotNil(t, m, "%s", a.body)
	left, err := time.ParseDuration(m[1])
	require.NoError(t, err)
	const rounding = time.Second
	require.LessOrEqual(t, left, timeout-a.before.Sub(last.after)+rounding)
	require.GreaterOrEqual(t, left, timeout-a.after.Sub(last.before)-rounding)
	p.end(syscall.SIGTERM)
}

func TestPersistentEndsWhatTheDeadProcessHad(t *testing.T) {
	t.Parallel()
	const timeout = 3 * time.Second
	file := filepath.Join(t.TempDir(), "db")
	all := make(tally)

	dead := persistent(t, file, "-timeout", timeout.String())
	visitors := []jar{newJar(t), newJar(t), newJar(t)}
	first := time.Now()
	for i, v := range visitors {
		for range i + 1 {
			all.visit(v, dead.url(0))
		}
	}
	last := time.Now()
	dead.kill()
	eventually(t, "the sessions are overdue", func() bool { return time.Since(last) > timeout })

	next := persistent(t, file, "-timeout", "1h")
	eventually(t, "the sessions end", func() bool { return len(remarks(dead))+len(remarks(next)) >= len(all) })
	for _, v := range visitors {
		require.NotContains(t, all, v.get(next.url(0)).given(t).Value)
	}
	next.end(syscall.SIGTERM)
	if len(remarks(dead)) == 0 { // as it is, unless the machine is very slow
		require.ElementsMatch(t, all.ends("A session has ended after visit %d."), remarks(next), "each has ended once")
	}
	for _, l := range next.stdout.lines() {
		if strings.HasPrefix(l.text, "A session has ended") {
			require.GreaterOrEqual(t, l.at.Sub(first), timeout)
		}
	}
}

func TestPersistentSaysWhichFileItCannotOpen(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "no such folder", "db")
	cmd := newProgram(t, "persistent", "-db", file)
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
	require.Contains(t, string(out), file+": ")
}
