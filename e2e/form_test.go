package e2e_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// follow clicks the link with that text, or whose text begins with it and a
// parenthesis, as those to functions do.
func (b *browser) follow(text string) {
	b.t.Helper()
	b.loads(chromedp.Search("//a[text()='" + text + "' or starts-with(text(), '" + text + "(')]"))
}

// loads clicks what has the browser load another page.
func (b *browser) loads(click chromedp.Search) {
	b.t.Helper()
	run(b, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click(click)))
}

// visit opens a page, and goes from link to link.
func (b *browser) visit(url string, links ...string) {
	b.t.Helper()
	run(b, chromedp.Navigate(url))
	for _, l := range links {
		b.follow(l)
	}
}

// submit types what the fields are to have, names and values in turn, into the
// form of a function, calls it, and returns the result.
func (b *browser) submit(fields ...string) string {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		run(b, chromedp.SendKeys(chromedp.CSS(`input[name="`+fields[i]+`"]`), fields[i+1]))
	}
	b.loads(chromedp.Search("//button[text()='Call']"))
	return run(b, chromedp.TextContent(chromedp.CSS("#result")))
}

func TestTheRuntimeInABrowser(t *testing.T) {
	t.Parallel()
	p := startRuntime(t)
	root := p.url(0) + "/"
	b := browse(t)

	isLoggedIn := func(at string) string {
		t.Helper()
		b.visit(at, "astrogrid", "community", "isLoggedIn")
		return b.submit()
	}
	logIn := func(at string) string {
		t.Helper()
		b.visit(at, "astrogrid", "community", "login")
		require.Equal(t, "password", run(b, chromedp.Evaluate[string](`document.querySelector('input[name=password]').type`)))
		return b.submit("username", "username", "password", "password", "community", "community")
	}
	require.Equal(t, "false", isLoggedIn(root))
	require.Equal(t, "OK", logIn(root))
	require.Equal(t, "true", isLoggedIn(root))

	b.visit(root, "builtin", "sessionManager", "createNewSession")
	id := b.submit("inactivityTimeout", "10")
	b.visit(root, "builtin", "sessionManager", "findHttpSession")
	mine := b.submit("sessionId", id)
	require.Equal(t, root+"session/"+id+"/", mine)
	require.Equal(t, "false", isLoggedIn(mine), "it is isolated from the default session")
	require.Equal(t, "OK", logIn(mine))
	require.Equal(t, "true", isLoggedIn(mine))
	b.visit(root, "astrogrid", "community", "logout")
	require.Equal(t, "OK", b.submit())
	require.Equal(t, "false", isLoggedIn(root))
	require.Equal(t, "true", isLoggedIn(strings.TrimSuffix(mine, "/")), "and links hold without a slash")

	require.Empty(t, b.complaints())

	b.visit(root, "astrogrid", "community", "login")
	require.Equal(t, "SecurityException: user or password are wrong", b.submit("username", "username", "password", "guess"))
	run(b, chromedp.WaitVisible(chromedp.CSS("#result.failed")))
	require.NoError(t, chromedp.Cancel(b.ctx))
	p.end(syscall.SIGTERM)
	p.showsNone(id)
}

func TestACursorInABrowser(t *testing.T) {
	t.Parallel()
	p, url := startDatabase(t)
	b := browse(t)

	b.visit(p.url(0)+"/", "database", "cursor")
	id := b.submit()
	cursor := url + "/" + id
	b.visit(cursor, "execute")
	require.Equal(t, "-1", b.submit("statement", "select name, '<b>' from planets where moons = ?", "parameters", "[1]"))
	b.visit(cursor, "fetchall")
	require.JSONEq(t, `[["Earth", "<b>"]]`, b.submit())
	b.visit(cursor, "execute")
	require.Equal(t, "0", b.submit("statement", "update planets set moons = 0 where moons = 0 and name = ''"))
	b.visit(cursor, "close")
	require.Equal(t, "OK", b.submit())
	b.visit(url, "cursors")
	require.Equal(t, "0", b.submit())

	require.Empty(t, b.complaints())
	require.NoError(t, chromedp.Cancel(b.ctx))
	require.Equal(t, []string{closed("expired", 0)}, p.end(syscall.SIGTERM))
	p.showsNone(id)
}
