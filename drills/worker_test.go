package drills_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
	"github.com/spindleweb/spindle/site"
	"github.com/spindleweb/spindle/timer"
)

// ordersName is the variable that has the orders of a worker.
const ordersName = "SPINDLE_DRILLS_WORKER"

// orders are what a worker is to be.
type orders struct {
	Driver, DSN string
	Dialect     sqlstore.Dialect
	Table       string
	Conns       int

	Address  string // to listen on; a port of its own by default
	First    int    // the number of its first session
	Timeout  time.Duration
	Lease    time.Duration
	Patience time.Duration
	Rate     float64 // how fast its clock is; 0 is an ordinary one
	Owning   bool    // sessions own something
	Log      string  // the file for what happens to sessions
}

// The values of the sessions. The number is what the logs tell them apart by.
var (
	number = session.NewKey[int]("number")
	visits = session.NewKey[int]("visits")
	last   = session.NewKey[int]("last")
	bulk   = session.NewKey[string]("bulk")
)

// worker is a process with a site whose sessions are in a database.
type worker struct {
	orders
	site    *site.Site
	clock   *timer.Wheel // nil for an ordinary one
	turning sync.Mutex
	turned  time.Time
	log     *os.File
	made    atomic.Int64
	users   users
}

// work is the whole life of a worker. It ends in order with SIGTERM, and at once
// with the test.
func work(text string) {
	w := new(worker)
	check(json.Unmarshal([]byte(text), &w.orders))
	var err error
	w.log, err = os.OpenFile(w.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	check(err)
	db, err := sql.Open(w.Driver, w.DSN)
	check(err)
	db.SetMaxOpenConns(w.Conns)
	db.SetMaxIdleConns(w.Conns)

	w.site = site.New(w.tree())
	w.site.Store = &sqlstore.Store{DB: db, Dialect: w.Dialect, Table: w.Table}
	w.site.SessionFactory = w.session
	w.site.Carrier = session.Carriers{session.Header{}, new(session.Cookie)}
	w.site.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	if w.Rate > 0 {
		w.clock = new(timer.Wheel)
		w.site.Clock = w.clock
		go w.turn()
	}
	m := w.site.Sessions()
	m.OnExpire = w.expired
	m.Lease, m.StoreTimeout = w.Lease, w.Patience

	listener, err := net.Listen("tcp", w.Address)
	check(err)
	served := make(chan error, 1)
	go func() { served <- w.site.Serve(listener) }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3) // nobody is there any more
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println(listener.Addr())
	<-stop
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(errors.Join(w.site.Shutdown(ctx), <-served))
	_ = db.Close() // connections that have been cut are an error then
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// session makes sessions, which have their number from the start; those that are
// read from the database have theirs from there.
func (w *worker) session(uid string) *session.Session {
	s := session.New(uid)
	s.SetTimeout(w.Timeout)
	n := w.First + int(w.made.Add(1))
	_ = number.Set(s, n)
	if w.Owning {
		w.write("own %d", n)
		s.Own(owned{w, n})
	}
	return s
}

// owned is something that a session has in one process.
type owned struct {
	w *worker
	n int
}

func (o owned) Close() error {
	o.w.write("close %d", o.n)
	return nil
}

// turn moves a clock that is not as fast as it should be.
func (w *worker) turn() {
	for range time.Tick(5 * time.Millisecond) {
		w.catchUp()
	}
}

// catchUp has such a clock show what it should, which uses have to be noted by: one
// that is noted late counts for less than it should.
func (w *worker) catchUp() {
	if w.clock == nil {
		return
	}
	w.turning.Lock()
	defer w.turning.Unlock()
	now := time.Now()
	if !w.turned.IsZero() {
		w.clock.Advance(time.Duration(float64(now.Sub(w.turned)) * w.Rate))
	}
	w.turned = now
}

// write adds one line to the log, in one call, so that it is there whatever
// happens next.
func (w *worker) write(format string, args ...any) {
	_, err := fmt.Fprintf(w.log, format+"\n", args...)
	check(err)
}

// expired is what the drills are about.
func (w *worker) expired(s *session.Session) {
	n, ok := number.Get(s)
	if !ok {
		n = -1
	}
	w.write("begin %d %d %s", n, time.Now().UnixNano(), s.Reason())
	<-time.After(time.Millisecond)
	w.write("end %d", n)
}

// users are some who use sessions here again and again, each of them about four
// times before it is due.
type users struct {
	mu   sync.Mutex
	all  []string
	last map[string]int64 // by uid: the moment before the last use
	stop chan struct{}
	done sync.WaitGroup
}

// use has the sessions used from now on. Each has been when it returns.
func (w *worker) use(uids []string) {
	each(8, len(uids), func(i int) { w.touch(uids[i]) })
	u := &w.users
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, uids...)
	if u.stop == nil {
		u.stop = make(chan struct{})
		u.done.Go(w.useAll)
	}
}

func (w *worker) useAll() {
	u := &w.users
	again := time.NewTicker(w.Timeout / 4)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-u.stop:
			return
		}
		u.mu.Lock()
		all := u.all
		u.mu.Unlock()
		each(8, len(all), func(i int) { w.touch(all[i]) })
	}
}

func (w *worker) touch(uid string) {
	now := time.Now().UnixNano()
	w.catchUp()
	s, _ := w.site.Sessions().Get(context.Background(), uid)
	if s == nil || !s.Touch() {
		return
	}
	w.users.mu.Lock()
	defer w.users.mu.Unlock()
	if w.users.last == nil {
		w.users.last = make(map[string]int64)
	}
	w.users.last[uid] = now
}

// silence ends the use, and returns when each was last used.
func (w *worker) silence() map[string]int64 {
	u := &w.users
	close(u.stop)
	u.done.Wait()
	u.stop = nil
	return u.last
}

// each calls f for 0 to n-1 on some goroutines.
func each(goroutines, n int, f func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	all.Wait()
}

// answer sends v as JSON.
func answer(req *resource.Request, v any) { check(json.NewEncoder(req).Encode(v)) }
