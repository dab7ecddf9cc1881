package e2e_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A browser is a Chromium with one page in it.
type browser struct {
	t   *testing.T
	ctx context.Context // of chromedp, with patience

	mu     sync.Mutex
	errors []string
}

// browse starts a Chromium that has never run before and talks to nobody but
// this machine.
func browse(t *testing.T) *browser {
	t.Helper()
	alloc, free := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(need(t, "chromium", "chromium")),
		chromedp.WSURLReadTimeout(patience),
		chromedp.NoSandbox, // which root cannot have, and containers often not
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag("headless", "new"),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	t.Cleanup(free)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	b := &browser{t: t}
	require.NoError(t, chromedp.Listen(ctx, b.hear), "starting Chromium")
	var cancel context.CancelFunc
	b.ctx, cancel = context.WithTimeout(ctx, 2*patience)
	t.Cleanup(cancel)
	return b
}

// hear notes what would be red in the browser's console.
func (b *browser) hear(event any) {
	var text string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		text = "console"
		for _, arg := range e.Args {
			text += " " + string(arg.Value)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		text = e.Entry.Text + " " + e.Entry.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors = append(b.errors, text)
}

// complaints returns all that was red. What the page did before the call has
// arrived by then, as the browser sends it ahead of the answer.
func (b *browser) complaints() []string {
	b.t.Helper()
	run(b, chromedp.Evaluate[chromedp.Void]("console.error('the last')"))
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.errors) - 1
	require.GreaterOrEqual(b.t, last, 0)
	require.Equal(b.t, `console "the last"`, b.errors[last])
	return slices.Clone(b.errors[:last])
}

func run[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	require.NoError(b.t, err)
	return v
}

// until waits for an expression to be true in JavaScript's sense, and returns
// its value.
func until[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Poll[T](expression,
		chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	require.NoError(b.t, err, "waiting for %s", expression)
	return v
}

// cookie returns the only cookie that the browser has for the URL.
func (b *browser) cookie(url string) *network.Cookie {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{url}})
	require.NoError(b.t, err)
	require.Len(b.t, r.Cookies, 1)
	return r.Cookies[0]
}
