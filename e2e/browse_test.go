package e2e_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// What the page of countdown shows.
const (
	state  = `document.body.className`
	number = `parseInt(document.getElementById('left').textContent)`
	note   = `document.getElementById('note').textContent`
	shows  = `/^[0-9]+ s$/.test(document.getElementById('left').textContent)`

	stay  = chromedp.CSS("#stay")
	again = chromedp.CSS("main a")
)

func TestCountdownInABrowser(t *testing.T) {
	t.Parallel()
	timeout, picture := 6*time.Second, os.Getenv("SPINDLE_SCREENSHOT")
	if picture != "" {
		timeout = 30 * time.Second // looks better
	}
	p := start(t, "countdown", "-timeout", timeout.String())
	url := p.url(0) + "/"
	b := browse(t)
	run(b, chromedp.EmulateViewport(900, 560, chromedp.EmulateScale(1.5)))
	run(b, chromedp.Navigate(url))
	if picture != "" {
		until[bool](b, number+` <= 20`)
		require.NoError(t, os.WriteFile(picture, run(b, chromedp.CaptureScreenshot()), 0o644))
	}

	first := b.firstNumber()
	require.LessOrEqual(t, first, int(timeout/time.Second))
	until[bool](b, fmt.Sprintf("%s < %d", number, first))

	c := b.cookie(url)
	require.Equal(t, "sid", c.Name)
	require.True(t, c.HTTPOnly)
	require.Equal(t, network.CookieSameSiteLax, c.SameSite)
	require.True(t, c.Session, "until the browser closes")
	require.Equal(t, "/", c.Path)
	require.Empty(t, run(b, chromedp.Evaluate[string](`document.cookie`)), "no script gets to see it")

	b.staysInTime(url)

	uid := b.cookie(url).Value
	until[bool](b, state+` == 'over'`)
	require.Equal(t, "0 s", run(b, chromedp.TextContent(chromedp.CSS("#left"))))
	require.Contains(t, run(b, chromedp.Evaluate[string](note)), "Your session has ended")
	run(b, chromedp.WaitNotVisible(stay))
	require.Equal(t, uid, b.cookie(url).Value, "it has not been replaced yet")
	b.followLink()
	b.firstNumber()
	require.NotEqual(t, uid, b.cookie(url).Value)

	for _, e := range b.complaints() {
		require.Equal(t, "Failed to load resource: the server responded with a status of 410 (Gone) "+url+"stay", e,
			"only a click that comes too late on a slow machine may fail")
	}
	require.NoError(t, chromedp.Cancel(b.ctx))
	require.Empty(t, p.end(syscall.SIGTERM))
}

// firstNumber waits until the page shows time that is left. On a machine that is
// so slow that there is none by then, it starts again.
func (b *browser) firstNumber() int {
	b.t.Helper()
	for {
		until[bool](b, shows)
		if n := run(b, chromedp.Evaluate[int](number)); n > 0 {
			return n
		}
		b.followLink()
	}
}

// followLink clicks what a page shows whose session has ended.
func (b *browser) followLink() {
	b.t.Helper()
	run(b, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.Click(again)))
}

// staysInTime waits for the warning and clicks the button, which brings the
// time back up. A machine may be too slow for that; then the session ends and
// the next one is as good.
func (b *browser) staysInTime(url string) {
	b.t.Helper()
	for {
		require.NoError(b.t, b.ctx.Err(), "no click came in time")
		if until[string](b, `['warn', 'over'].find(s => s == `+state+`)`) == "over" {
			b.followLink()
			b.firstNumber()
			continue
		}
		uid, low := b.cookie(url).Value, run(b, chromedp.Evaluate[int](number))
		if !b.clicked() {
			continue
		}
		type look struct {
			State string
			Left  int
		}
		got := until[look](b, state+` != 'warn' && {State: `+state+`, Left: `+number+`}`)
		if got.State == "" && got.Left > low {
			require.Equal(b.t, uid, b.cookie(url).Value, "it is the same session")
			return
		}
	}
}

// clicked reports whether the button was there to be clicked, which it is not
// when the session has ended.
func (b *browser) clicked() bool {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Click(stay)) == nil
}
