package drills_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
)

// seen is how a visitor's session looks in the process that has answered.
type seen struct {
	Number    int
	Visits    int
	Last      int
	Remaining time.Duration
}

func see(s *session.Session) (v seen) {
	v.Number, _ = number.Get(s)
	v.Visits, _ = visits.Get(s)
	v.Last, _ = last.Get(s)
	v.Remaining = s.Remaining()
	return v
}

// tree is the site of a worker: a few pages for visitors, and some by which the
// test tells the process what to do.
func (w *worker) tree() resource.Resource {
	root := new(resource.Branch)
	for name, page := range map[string]func(*resource.Request){
		"look":      w.look,
		"peek":      w.peek,
		"visit":     w.visit,
		"fill":      w.fill,
		"make":      w.make,
		"use":       func(req *resource.Request) { w.use(strings.Fields(string(req.PostBody()))) },
		"silence":   func(req *resource.Request) { answer(req, w.silence()) },
		"increment": w.increment,
		"value":     w.value,
		"advance":   func(*resource.Request) { w.clock.Advance(time.Hour) },
		"stats":     func(req *resource.Request) { answer(req, w.site.Sessions().Stats()) },
	} {
		root.PutChild(name, resource.Func(page))
	}
	return root
}

// look only reads.
func (w *worker) look(req *resource.Request) { answer(req, see(req.GetSession())) }

// peek does not even use the session.
func (w *worker) peek(req *resource.Request) {
	s := req.PeekSession()
	if s == nil {
		req.Abort(404)
	}
	answer(req, see(s))
}

// visit counts, which waits for the database itself, and leaves a number, which
// is written before the answer.
func (w *worker) visit(req *resource.Request) {
	s := req.GetSession()
	if err := visits.Update(s, func(n *int) { *n++ }); err != nil {
		req.Abort(503)
	}
	if n := req.QueryArgs().GetUintOrZero("last"); n > 0 {
		_ = last.Set(s, n)
	}
	answer(req, see(s))
}

// fill writes much.
func (w *worker) fill(req *resource.Request) {
	s := req.GetSession()
	_ = bulk.Set(s, strings.Repeat("x", req.QueryArgs().GetUintOrZero("size")))
	_ = last.Set(s, req.QueryArgs().GetUintOrZero("last"))
	answer(req, see(s))
}

// make makes sessions and returns them by their numbers. Their first use is
// counted from before they are there.
func (w *worker) make(req *resource.Request) {
	all := make([]born, req.QueryArgs().GetUintOrZero("n"))
	each(16, len(all), func(i int) {
		var s *session.Session
		var at int64
		for err := error(session.ErrStore); errors.Is(err, session.ErrStore); {
			at = time.Now().UnixNano()
			w.catchUp()
			s, err = w.site.Sessions().Create(nil)
		}
		n, _ := number.Get(s)
		all[i] = born{s.UID(), n, at}
		if req.QueryArgs().GetBool("use") {
			w.use([]string{s.UID()})
		}
	})
	answer(req, all)
}

// born is a session that has been made.
type born struct {
	UID    string
	Number int
	At     int64
}

// chosen returns the session and the value that the test names.
func (w *worker) chosen(req *resource.Request) (*session.Session, session.Key[int]) {
	args := req.QueryArgs()
	s, err := w.site.Sessions().Get(context.Background(), string(args.Peek("uid")))
	if err != nil || s == nil {
		req.Abort(503)
	}
	return s, session.NewKey[int](string(args.Peek("key")))
}

// increment counts with many writers, and answers how often it could.
func (w *worker) increment(req *resource.Request) {
	s, key := w.chosen(req)
	args := req.QueryArgs()
	var done atomic.Int64
	each(args.GetUintOrZero("users"), args.GetUintOrZero("n"), func(int) {
		if key.Update(s, func(n *int) { *n++ }) == nil {
			done.Add(1)
		}
	})
	answer(req, done.Load())
}

func (w *worker) value(req *resource.Request) {
	s, key := w.chosen(req)
	n, _ := key.Get(s)
	answer(req, n)
}
