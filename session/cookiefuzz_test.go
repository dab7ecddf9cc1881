package session_test

import (
	"bufio"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
)

// plainCookies is what a server makes of Cookie headers, written down plainly:
// the values of the cookies with the name, in order.
func plainCookies(lines []string, name string) (values []string) {
	for _, line := range lines {
		for _, pair := range strings.Split(line, ";") {
			value, ok := strings.CutPrefix(strings.Trim(pair, " \t"), name+"=")
			if !ok {
				continue
			}
			value = strings.Trim(value, " \t")
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			values = append(values, value)
		}
	}
	return values[:min(len(values), 16)]
}

// Each $ in a header stands for the uid of a live session.
func FuzzCookie(f *testing.F) {
	m, _ := still()
	s := create(f, m)
	for _, seed := range [][2]string{
		{"sid=$", ""}, {"a=1; sid=$; b=2", "sid=x"}, {"xsid=$", "sid=$"}, {`sid="$"`, `sid="`}, {"sid=;sid= $ ;", ";;sid=\t$"},
		{"sid=sid=$", "sid =$"}, {"", "sid=$"}, {" ", "sid=$"}, {strings.Repeat("sid=;", 15), "sid=$"}, {"=sid=$", "sid=$=;sid"},
		{"__Secure-sid=$;sid=$", "s\x00id=$"}, {"ä=sid=$;sid=é", ";sid=\"\";sid=\"$"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		if strings.ContainsAny(first+second, "\r\n") {
			return // would be other headers
		}
		lines := []string{strings.ReplaceAll(first, "$", s.UID()), strings.ReplaceAll(second, "$", s.UID())}
		var ctx fasthttp.RequestCtx
		ctx.Init2(nil, nil, false)
		text := "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + lines[0] + "\r\nCookie: " + lines[1] + "\r\n\r\n"
		if ctx.Request.Read(bufio.NewReaderSize(strings.NewReader(text), 1<<16)) != nil {
			return // not HTTP
		}
		want := plainCookies(lines, "sid")
		var got []string
		c := new(session.Cookie)
		for uid := c.UID(&ctx, 0); uid != nil; uid = c.UID(&ctx, len(got)) {
			got = append(got, string(uid))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || len(got) != len(want) {
			t.Fatalf("%q: got %q, want %q", lines, got, want)
		}
		live := false
		for _, value := range want {
			live = live || value == s.UID()
		}
		if found := known(m.Find(&ctx)); found != nil != live || live && found != s {
			t.Fatalf("%q: found %v, want %v", lines, found != nil, live)
		}
	})
}
