package correct

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/bench/internal/peer"
)

// atWork is a request that takes longer than the session's timeout, such as an
// upload or a report: the visitor is there all the time.
var atWork = check{
	name: "a request that takes longer than the timeout",
	see: func(p *peer.Peer) (verdict, error) {
		var (
			ended  atomic.Bool
			inside = make(chan struct{})
			leave  = make(chan struct{})
		)
		pause := func() {
			close(inside)
			<-leave
		}
		o := peer.Options{Timeout: timeout, Sweep: timeout / 10, Ended: func() { ended.Store(true) }}
		v, err := visit(p, o)
		if err != nil {
			return verdict{}, err
		}
		work := throughWriter(v, pause)
		how := "goes on"
		if v.app.Fast != nil {
			program := long[p.Name]
			if program == nil {
				return none("there is no program for this")
			}
			if v, work, err = program.open(o, pause); err != nil {
				return verdict{}, err
			}
			how += program.how
		}
		if _, err := v.value(); err != nil {
			return verdict{}, err
		}
		done := make(chan error, 1)
		go func() { done <- work() }()
		select {
		case <-inside:
		case err := <-done:
			return verdict{}, err
		}
		<-time.After(passed)
		n, err := v.value() // of another window, meanwhile
		was := ended.Load()
		close(leave)
		if err := <-done; err != nil {
			return verdict{}, err
		}
		switch {
		case err != nil:
			return verdict{}, err
		case was:
			return bad("the session is ended while the request is at work")
		case n == 1:
			return bad("another window of the visitor has lost the session meanwhile")
		}
		return good("the session %s", how)
	},
}

// throughWriter makes a request of which the first write takes long. That is
// inside of the handler, with the session open.
func throughWriter(v *visitor, pause func()) (work func() error) {
	return func() error {
		r := httptest.NewRequest(http.MethodGet, peer.Session, nil)
		r.Header.Set("Cookie", v.cookie())
		v.app.Std.ServeHTTP(&slowWriter{ResponseRecorder: httptest.NewRecorder(), pause: pause}, r)
		return nil
	}
}

type slowWriter struct {
	*httptest.ResponseRecorder
	pause func()
}

func (w *slowWriter) Write(p []byte) (int, error) {
	if w.pause != nil {
		w.pause()
		w.pause = nil
	}
	return w.ResponseRecorder.Write(p)
}
