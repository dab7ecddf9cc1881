package e2e_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/stretchr/testify/require"
)

// startDatabase starts the example with a database of its own.
func startDatabase(t *testing.T, args ...string) (p *program, url string) {
	t.Helper()
	p = start(t, "database", append([]string{"-db", filepath.Join(t.TempDir(), "db")}, args...)...)
	return p, p.url(0) + "/database"
}

// closed is what database says of a cursor.
func closed(why string, left int) string {
	return fmt.Sprintf("A cursor is closed (%s); %d are open.", why, left)
}

// openCursor returns the URL of a new cursor.
func openCursor(t *testing.T, url string, seconds float64) string {
	t.Helper()
	a := get(t, fmt.Sprintf("%s/cursor/plain?timeout=%v", url, seconds))
	require.Equal(t, 200, a.StatusCode, a.body)
	return url + "/" + a.body
}

// id is the secret of a cursor's URL.
func id(cursor string) string { return cursor[strings.LastIndexByte(cursor, '/')+1:] }

func TestACursorServesPython(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	ids := python(t, "cursor.py", url)
	said := p.end(syscall.SIGTERM)
	require.Len(t, said, len(ids), "each has been closed once")
	for _, l := range said {
		require.Contains(t, l, "A cursor is closed (expired); ")
	}
	p.showsNone(ids...)
}

func TestACursorServesPerl(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	cursor := openCursor(t, url, 60)
	answers := xmlrpcCalls(t, perlScript(t, "call.pl"), cursor, []xmlrpcCall{
		{"execute", list{"select ?, ?, ?, char(13, 10), 9223372036854775807", list{"ü <&> 🧵", nil, 1.5}}},
		{"fetchone", list{}},
		{"fetchone", list{}},
		{"execute", list{"select * from nowhere"}},
		{"close", list{}},
	})
	require.EqualValues(t, "-1", answers[0].Result)
	require.Equal(t, list{"ü <&> 🧵", nil, "1.5", "\r\n", "9223372036854775807"}, answers[1].Result)
	require.Equal(t, xmlrpcAnswer{}, answers[2], "null, and no fault")
	require.Equal(t, 1, *answers[3].Code)
	require.Contains(t, answers[3].Text, "no such table")
	require.Equal(t, xmlrpcAnswer{}, answers[4])
	require.Equal(t, []string{closed("expired", 0)}, p.end(syscall.SIGTERM))
}

func TestACursorLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	python(t, "leftover.py", url)
	p.end(syscall.SIGTERM)
}

func TestCursorsByCurlAndJSON(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	one := openCursor(t, url, 60)
	require.Equal(t, "-1", get(t, one+"/execute/plain", "--data-urlencode", "statement=select name, moons from planets where moons > ? order by moons",
		"--data-urlencode", "parameters=[0]").body)
	require.Equal(t, `["name","moons"]`, get(t, one+"/description/plain").body)
	require.Equal(t, `["Earth",1]`, get(t, one+"/fetchone/plain", "--data", "").body)
	require.Equal(t, `[["Mars",2]]`, get(t, one+"/fetchall/plain", "--data", "").body)
	require.Equal(t, `null`, get(t, one+"/fetchone/plain", "--data", "").body)
	wrong := get(t, one+"/execute/plain", "--data", "statement=select from")
	require.Equal(t, 500, wrong.StatusCode)
	require.Contains(t, wrong.body, "sqlite -- ")
	require.Contains(t, get(t, one).body, `href="./`+id(one)+`/execute"`)

	database := newJSONClient(t, url)
	two := newJSONClient(t, url+"/"+database.text("cursor", named{"timeout": 60}))
	answers, err := two.Batch(t.Context(), []jrpc2.Spec{
		{Method: "execute", Params: named{"parameters": list{1, nil, "ü\r\n", 1.5, true}, "statement": "select ?, ?, ?, ?, ?, 9223372036854775807"}},
		{Method: "fetchall"},
	})
	require.NoError(t, err)
	require.Equal(t, "-1", answers[0].ResultString())
	require.JSONEq(t, `[[1, null, "ü\r\n", 1.5, 1, 9223372036854775807]]`, answers[1].ResultString())
	require.Equal(t, jrpc2.Code(1555), two.fails("execute", list{"insert into planets select * from planets"}).Code)
	require.Equal(t, "2", database.call("cursors", nil))

	gone := get(t, one, "--request", "DELETE")
	require.Equal(t, 204, gone.StatusCode)
	require.Equal(t, []string{closed("expired", 1)}, p.said(), "it is closed when that is answered")
	require.Equal(t, 404, get(t, one, "--request", "DELETE").StatusCode)
	require.Equal(t, 404, get(t, one+"/fetchone/plain", "--data", "").StatusCode)
	require.Equal(t, "null", two.call("close", nil))
	require.Equal(t, "0", database.call("cursors", nil))
	require.Equal(t, []string{closed("expired", 1), closed("expired", 0)}, p.end(syscall.SIGTERM))
	p.showsNone(id(one))
}

func TestThereIsRoomForSoManyCursors(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t, "-cursors", "2")
	database := newJSONClient(t, url)
	first := openCursor(t, url, 60)
	openCursor(t, url, 60)
	for range 3 {
		e := database.fails("cursor", nil)
		require.Equal(t, jrpc2.Code(2), e.Code)
		require.Equal(t, "Too many cursors are open", e.Message)
	}
	require.Equal(t, 204, get(t, first, "--request", "DELETE").StatusCode)
	openCursor(t, url, 60)
	require.Equal(t, "2", database.call("cursors", nil))
	require.Equal(t, []string{closed("expired", 1), closed("shutdown", 1), closed("shutdown", 0)}, p.end(syscall.SIGTERM))
}

func TestACursorLeftAloneIsClosed(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	before := time.Now()
	var ids []string
	for range 3 {
		ids = append(ids, id(openCursor(t, url, 1)))
	}
	eventually(t, "all are closed", func() bool { return get(t, url+"/cursors/plain").body == "0" })
	require.GreaterOrEqual(t, time.Since(before), time.Second)
	eventually(t, "the program has said so", func() bool { return len(p.said()) == 3 })
	for _, l := range p.stdout.lines()[1:] {
		require.GreaterOrEqual(t, l.at.Sub(before), time.Second)
		require.Contains(t, l.text, "A cursor is closed (idle); ")
	}
	require.Len(t, p.end(syscall.SIGTERM), 3, "once")
	p.showsNone(ids...)
}

func TestFetchingInStepsKeepsACursor(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	p, url := startDatabase(t)

	// A machine may be so slow that two steps are further apart than the timeout.
	// The cursor may be closed then, and the next one is to live long.
	closed := 0
	var last time.Time
	eventually(t, "a cursor has lived for three times its timeout", func() bool {
		last = time.Now()
		cursor := openCursor(t, url, timeout.Seconds())
		begun := time.Now()
		get(t, cursor+"/execute/plain", "--data", "statement=with recursive c(n) as (select 1 union all select n%2B1 from c) select n from c")
		for row := 1; ; row++ {
			a := get(t, cursor+"/fetchone/plain", "--data", "")
			if a.StatusCode == 404 {
				require.GreaterOrEqual(t, a.after.Sub(last), timeout, "it was used all the time")
				closed++
				return false
			}
			if row == 1 && a.StatusCode != 200 { // too late for its query
				closed++
				return false
			}
			require.Equal(t, fmt.Sprintf("[%d]", row), a.body)
			if last = a.before; last.Sub(begun) > 3*timeout {
				return true
			}
		}
	})
	eventually(t, "all are closed", func() bool { return len(p.said()) == closed+1 })
	lines := p.stdout.lines()
	require.GreaterOrEqual(t, lines[len(lines)-1].at.Sub(last), timeout, "since the last step")
	require.Len(t, p.end(syscall.SIGTERM), closed+1)
}

func TestASignalClosesAllCursors(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	var ids []string
	for _, statement := range []string{"", "select * from planets", "begin immediate"} {
		cursor := openCursor(t, url, 3600)
		ids = append(ids, id(cursor))
		if statement != "" {
			get(t, cursor+"/execute/plain", "--data", "statement="+statement)
		}
	}
	require.Empty(t, p.said())
	said := p.end(syscall.SIGTERM)
	require.Len(t, said, len(ids))
	for _, l := range said {
		require.Contains(t, l, "A cursor is closed (shutdown); ")
	}
	p.showsNone(ids...)
}

// Many clients that never come back: what they had open is closed all the same.
func TestManyCursorsLeftAloneAreClosed(t *testing.T) {
	t.Parallel()
	const cursors, together = 2000, 250
	p, url := startDatabase(t, "-cursors", fmt.Sprint(cursors))
	database := newJSONClient(t, url)
	ids := make(map[string]bool)
	for range cursors / together {
		answers, err := database.Batch(t.Context(), slices.Repeat([]jrpc2.Spec{{Method: "cursor", Params: list{5}}}, together))
		require.NoError(t, err)
		for _, a := range answers {
			var id string
			require.NoError(t, a.UnmarshalResult(&id))
			ids[id] = true
		}
	}
	require.Len(t, ids, cursors)
	eventually(t, "all are closed", func() bool { return database.call("cursors", nil) == "0" })
	said := p.end(syscall.SIGTERM)
	require.Len(t, said, cursors, "each once")
	for _, l := range said {
		require.True(t, strings.HasPrefix(l, "A cursor is closed (idle); "), l)
	}
	for _, l := range p.stdout.text() {
		for _, word := range strings.Fields(l) {
			require.False(t, ids[word], l)
		}
	}
}
