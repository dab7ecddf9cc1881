package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/spindleweb/spindle/session"
)

// In the lines of each case A and B are uids of live sessions, X is one of
// none; want is which the request leads to.
func TestCookieOfARequest(t *testing.T) {
	cases := map[string]struct {
		lines []string
		want  string
	}{
		"none":                      {nil, ""},
		"one":                       {[]string{"Cookie: sid=A"}, "A"},
		"lower case header":         {[]string{"cookie: sid=A"}, "A"},
		"no space after the colon":  {[]string{"Cookie:sid=A"}, "A"},
		"among others":              {[]string{"Cookie: a=1; sid=A; b=2"}, "A"},
		"no space between":          {[]string{"Cookie: a=1;sid=A;b=2"}, "A"},
		"many spaces":               {[]string{"Cookie:   a=1 ; \t sid= \t A \t ; b=2"}, "A"},
		"quoted":                    {[]string{`Cookie: sid="A"`}, "A"},
		"half quoted":               {[]string{`Cookie: sid="A; sid=A"; sid=B`}, "B"},
		"quote alone":               {[]string{`Cookie: sid="; sid=B`}, "B"},
		"quoted space":              {[]string{`Cookie: sid=" A"; sid=B`}, "B"},
		"empty value":               {[]string{"Cookie: sid="}, ""},
		"empty value first":         {[]string{"Cookie: sid=; sid=B"}, "B"},
		"no equals sign":            {[]string{"Cookie: sid; sid=B"}, "B"},
		"only the uid":              {[]string{"Cookie: A"}, ""},
		"no name":                   {[]string{"Cookie: =A"}, ""},
		"first of two":              {[]string{"Cookie: sid=A; sid=B"}, "A"},
		"first live of two":         {[]string{"Cookie: sid=X; sid=B"}, "B"},
		"first live of many":        {[]string{"Cookie: sid=X; sid=; sid=junk; sid=B; sid=A"}, "B"},
		"the sixteenth":             {[]string{"Cookie: " + strings.Repeat("sid=X; ", 15) + "sid=A"}, "A"},
		"after a great many others": {[]string{"Cookie: " + strings.Repeat("other=X; ", 80) + "sid=A"}, "A"},
		"suffix of a name":          {[]string{"Cookie: xsid=A"}, ""},
		"suffix with a dash":        {[]string{"Cookie: __Secure-sid=A; -sid=A"}, ""},
		"suffix, then ours":         {[]string{"Cookie: xsid=A; sid=B"}, "B"},
		"prefix of a name":          {[]string{"Cookie: sidx=A; sid2=A; sid.=A"}, ""},
		"other case":                {[]string{"Cookie: SID=A; Sid=A"}, ""},
		"in a value":                {[]string{"Cookie: a=sid=A"}, ""},
		"in a value, twice":         {[]string{"Cookie: sid=sid=A; sid=B"}, "B"},
		"in a value after a comma":  {[]string{"Cookie: a=1,sid=A"}, ""},
		"in a value after a space":  {[]string{"Cookie: a=1 sid=A"}, ""},
		"two lines":                 {[]string{"Cookie: a=1", "Cookie: sid=B"}, "B"},
		"three lines, dead first":   {[]string{"Cookie: sid=X", "Cookie: b=1", "Cookie: sid=X; sid=A"}, "A"},
		"lines apart":               {[]string{"Cookie: sid=X", "Accept: */*", "Cookie: sid=B"}, "B"},
		"empty line first":          {[]string{"Cookie:", "Cookie: sid=A"}, "A"},
		"blank line first":          {[]string{"Cookie:  ", "Cookie: sid=A"}, "A"},
		"line does not run on":      {[]string{"Cookie: sid=", "Cookie: A"}, ""},
		"semicolons":                {[]string{"Cookie: ;;; ; sid=A;;"}, "A"},
		"non-ASCII":                 {[]string{"Cookie: ä=ö; sid=Aé; sid=B"}, "B"},
		"padded":                    {[]string{"Cookie: sid=A=; sid=B"}, "B"},
		"huge":                      {[]string{"Cookie: a=" + strings.Repeat("x", 2000) + "; sid=A"}, "A"},
		"in the header's name":      {[]string{"X-Cookie: sid=A", "Cookie2: sid=A", "Set-Cookie: sid=A"}, ""},
	}
	m, _ := still()
	defer closed(t, m)
	a, b, x := create(t, m), create(t, m), create(t, m)
	x.Expire()
	uids := strings.NewReplacer("A", a.UID(), "B", b.UID(), "X", x.UID())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var lines []string
			for _, line := range c.lines {
				name, value, _ := strings.Cut(line, ":")
				lines = append(lines, name+":"+uids.Replace(value))
			}
			want := map[string]*session.Session{"A": a, "B": b, "": nil}[c.want]
			ctx := visit(t, lines...)
			require.True(t, want == known(m.Peek(ctx)))
			require.True(t, want == known(m.Find(ctx)))
			require.True(t, want == known(m.Find(ctx)), "looking changes nothing")
			if want != nil && !strings.Contains(name, "quoted space") { // which fasthttp drops
				ctx.Request.Header.Cookie("other") // makes fasthttp take the header apart
				require.True(t, want == known(m.Find(ctx)), "after a handler has asked for cookies")
			}
		})
	}
}

// A forged header of any size is looked at no further than sixteen cookies.
func TestManyCookiesOfOneName(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	line := "Cookie: " + strings.Repeat("sid=X; ", 16) + "sid=" + s.UID()
	require.Nil(t, known(m.Find(visit(t, line))))
	lines := append(strings.Split(strings.Repeat("Cookie: sid=X\n", 16), "\n")[:16], "Cookie: sid="+s.UID())
	require.Nil(t, known(m.Find(visit(t, lines...))))
	require.Same(t, s, known(m.Find(visit(t, lines[1:]...))))
}

func TestSetCookie(t *testing.T) {
	const attr = "; Path=/; HttpOnly; SameSite=Lax"
	cases := map[string]struct {
		cookie *session.Cookie
		tls    bool
		name   string
		attr   string
	}{
		"zero":          {&session.Cookie{}, false, "sid", attr},
		"zero, TLS":     {&session.Cookie{}, true, "__Secure-sid", attr + "; Secure"},
		"Secure":        {&session.Cookie{Secure: true}, false, "__Secure-sid", attr + "; Secure"},
		"Secure, TLS":   {&session.Cookie{Secure: true}, true, "__Secure-sid", attr + "; Secure"},
		"Host":          {&session.Cookie{Host: true}, false, "sid", attr},
		"Host, TLS":     {&session.Cookie{Host: true}, true, "__Host-sid", attr + "; Secure"},
		"Host, Secure":  {&session.Cookie{Host: true, Secure: true, Path: "/"}, false, "__Host-sid", attr + "; Secure"},
		"Name":          {&session.Cookie{Name: "my.id-1!"}, false, "my.id-1!", attr},
		"Path":          {&session.Cookie{Path: "/shop, or so"}, false, "sid", "; Path=/shop, or so; HttpOnly; SameSite=Lax"},
		"Lax":           {&session.Cookie{SameSite: fasthttp.CookieSameSiteLaxMode}, false, "sid", attr},
		"Strict":        {&session.Cookie{SameSite: fasthttp.CookieSameSiteStrictMode}, false, "sid", "; Path=/; HttpOnly; SameSite=Strict"},
		"None":          {&session.Cookie{SameSite: fasthttp.CookieSameSiteNoneMode}, true, "__Secure-sid", "; Path=/; HttpOnly; SameSite=None; Secure"},
		"MaxAge":        {&session.Cookie{MaxAge: 90*time.Minute + time.Second/2}, false, "sid", "; Max-Age=5400" + attr},
		"MaxAge short":  {&session.Cookie{MaxAge: time.Second - 1}, false, "sid", attr},
		"MaxAge under":  {&session.Cookie{MaxAge: -time.Hour}, false, "sid", attr},
		"all, TLS":      {&session.Cookie{Name: "n", Path: "/p", SameSite: fasthttp.CookieSameSiteStrictMode, MaxAge: day}, true, "__Secure-n", "; Max-Age=86400; Path=/p; HttpOnly; SameSite=Strict; Secure"},
		"long name":     {&session.Cookie{Name: strings.Repeat("n", 300)}, false, strings.Repeat("n", 300), attr},
		"long path":     {&session.Cookie{Path: "/" + strings.Repeat("p", 300)}, false, "sid", "; Path=/" + strings.Repeat("p", 300) + "; HttpOnly; SameSite=Lax"},
		"MaxAge, years": {&session.Cookie{MaxAge: 100 * year}, false, "sid", "; Max-Age=3153600000" + attr},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, _ := still(func(m *session.Manager) { m.Carrier = c.cookie })
			defer closed(t, m)
			ctx := visit(t)
			if c.tls {
				ctx = wire(t, overTLS(t))
			}
			ctx.Response.Header.Add("Set-Cookie", "sidx=1; Path=/")
			s, err := m.Open(ctx)
			require.NoError(t, err)
			want := []string{"sidx=1; Path=/", c.name + "=" + s.UID() + c.attr}
			require.Equal(t, want, setCookies(ctx))
			m.Send(ctx, s)
			require.Equal(t, want, setCookies(ctx), "exactly once")

			reread(t, ctx, "Cookie: "+c.name+"="+s.UID())
			require.Same(t, s, known(m.Find(ctx)), "what was sent comes back")

			m.Clear(ctx)
			lines := setCookies(ctx)
			require.Len(t, lines, 2)
			require.True(t, strings.HasPrefix(lines[1], c.name+"=; Max-Age=0; Path="), lines[1])
			require.Equal(t, strings.Contains(c.attr, "Secure"), strings.HasSuffix(lines[1], "; Secure"))
			require.Equal(t, 1, strings.Count(lines[1], "Max-Age"))
		})
	}
}

// A mistake in a Cookie shows at its first use and at each after that.
func TestBadCookiePanics(t *testing.T) {
	bad := map[string]*session.Cookie{
		"space in Name":     {Name: "my id"},
		"semicolon in Name": {Name: "a;b"},
		"equals in Name":    {Name: "a=b"},
		"quote in Name":     {Name: `"a"`},
		"line end in Name":  {Name: "a\r\nX: y"},
		"non-ASCII Name":    {Name: "idé"},
		"control in Name":   {Name: "a\x7f"},
		"semicolon in Path": {Path: "/;Domain=evil"},
		"line end in Path":  {Path: "/\r\nX: y"},
		"non-ASCII Path":    {Path: "/é"},
		"Host with a Path":  {Host: true, Path: "/shop"},
	}
	uses := map[string]func(c *session.Cookie, ctx *fasthttp.RequestCtx){
		"UID":   func(c *session.Cookie, ctx *fasthttp.RequestCtx) { c.UID(ctx, 0) },
		"Send":  func(c *session.Cookie, ctx *fasthttp.RequestCtx) { c.Send(ctx, "x") },
		"Clear": func(c *session.Cookie, ctx *fasthttp.RequestCtx) { c.Clear(ctx) },
	}
	for name, b := range bad {
		for way, use := range uses {
			t.Run(name+" "+way, func(t *testing.T) {
				c := &session.Cookie{Name: b.Name, Path: b.Path, Host: b.Host}
				for i := range 3 {
					said := func() (v any) {
						defer func() { v = recover() }()
						use(c, visit(t, "Cookie: a=b"))
						return nil
					}()
					require.Contains(t, fmt.Sprint(said), "session: ", "use %d", i)
				}
			})
		}
	}
}
