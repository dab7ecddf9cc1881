package session_test

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/timer"
)

// A world is a Manager beside a plain model of it: a list of sessions with what
// is known of each, all looked at after every step.
type world struct {
	t    *testing.T
	m    *session.Manager
	w    *timer.Wheel
	all  []*subject
	prog []byte
}

type subject struct {
	s        *session.Session
	uid      string
	old      []string
	used     time.Duration // last
	timeout  time.Duration
	lifetime time.Duration // the moment of its end
	since    time.Duration // when the latest of the settings was made
	rounded  time.Duration // by how much AdjustTime may have rounded up
	holds    int
	ended    bool
	calls    atomic.Int64
}

// next takes a byte of the program, 0 after its end.
func (x *world) next() (b byte) {
	if len(x.prog) > 0 {
		b, x.prog = x.prog[0], x.prog[1:]
	}
	return b
}

// spans are what a program sets timeouts to and advances by.
var spans = []time.Duration{
	0, 1, -1, unit, tick, 3 * tick, 10 * time.Millisecond, 100 * time.Millisecond, 999 * time.Millisecond, 5 * time.Second,
	32 * time.Second, time.Minute, 15 * time.Minute, time.Hour, 3 * day, session.Never,
}

func (x *world) span() time.Duration {
	b := x.next()
	d := spans[b%16]
	if b >= 128 && d > 0 && d < session.Never {
		d += d * time.Duration(b%7) / 7
	}
	return d
}

func plus(t, d time.Duration) time.Duration {
	switch sum := float64(t) + float64(d); {
	case sum > math.MaxInt64/2 && t > session.Never-d:
		return session.Never
	case sum < 0:
		return 0
	}
	return t + d
}

// idle returns the moment of the subject's idleness.
func (u *subject) idle() time.Duration {
	if u.holds > 0 || u.timeout == session.Never {
		return session.Never
	}
	return plus(u.used, u.timeout)
}

// due returns the moment from which the wheel may end the subject.
func (u *subject) due() time.Duration { return max(min(u.idle(), u.lifetime), u.since) }

// check compares a subject with its session, and notes its end.
func (x *world) check(u *subject) {
	x.t.Helper()
	if u.ended {
		return
	}
	now, why := x.w.Now(), u.s.Reason()
	if why == session.Alive {
		// A moment of use is known to a unit only, which is within the bound.
		if late := now - u.due(); u.due() < session.Never && late > bound(u.timeout)+u.rounded {
			x.t.Fatalf("at %v: alive, but due at %v (used %v, timeout %v, lifetime %v)", now, u.due(), u.used, u.timeout, u.lifetime)
		}
		return
	}
	u.ended = true
	if u.due() > now {
		x.t.Fatalf("at %v: ended (%v), but due at %v (used %v, timeout %v, lifetime %v)", now, why, u.due(), u.used, u.timeout, u.lifetime)
	}
	if why == session.Idle && u.idle() > u.lifetime || why == session.Lifetime && u.lifetime > plus(u.idle(), unit+u.rounded) ||
		why != session.Idle && why != session.Lifetime {
		x.t.Fatalf("ended for %v, idle at %v, lifetime %v", why, u.idle(), u.lifetime)
	}
}

// over compares what an operation said about a subject with its session, which
// the operation may have found to be over.
func (x *world) over(u *subject, alive bool) {
	x.t.Helper()
	if alive != (u.s.Reason() == session.Alive) {
		x.t.Fatalf("alive: %v, but %v", alive, u.s.Reason())
	}
	if now := x.w.Now(); alive && u.due() < session.Never && now >= u.due()+unit+u.rounded && now > u.since {
		x.t.Fatalf("at %v: in use, but was due at %v", now, u.due())
	}
	x.check(u)
}

// advance moves the clock on by d or less: while a session is held the wheel
// looks at it once in each timeout, so years of that take long.
func (x *world) advance(d time.Duration) {
	for _, u := range x.all {
		if !u.ended && u.holds > 0 {
			d = min(d, 1000*max(tick, min(u.timeout, day)))
		}
	}
	x.w.Advance(d)
}

func (x *world) step() {
	x.t.Helper()
	op, now := x.next()%14, x.w.Now()
	if op == 0 || len(x.all) == 0 {
		d := x.span()
		u := &subject{timeout: d, lifetime: session.Never, used: now, since: now}
		x.m.SetFactory(session.Lasting(d))
		s, err := x.m.Create(nil)
		if err != nil {
			x.t.Fatal(err)
		}
		s.NotifyOnExpire(func() { u.calls.Add(1) })
		u.s, u.uid = s, s.UID()
		x.all = append(x.all, u)
		return
	}
	u := x.all[int(x.next())%len(x.all)]
	switch op {
	case 1:
		ok := u.s.Touch()
		x.over(u, ok)
		if ok {
			u.used = max(u.used, now)
		}
	case 2:
		if u.s.Hold(); !u.ended {
			u.holds++
		}
	case 3:
		if u.holds > 0 {
			u.s.Release()
			u.holds--
			u.used = max(u.used, now)
		}
	case 4:
		d := x.span()
		if u.s.SetTimeout(d); !u.ended {
			u.timeout, u.since = d, now
		}
	case 5:
		d := x.span()
		if u.s.SetLifetime(d); !u.ended {
			u.lifetime, u.since = plus(now, d), now
		}
	case 6:
		if err := x.m.Renew(nil, u.s); (err == nil) != (u.s.Reason() == session.Alive) {
			x.t.Fatalf("Renew: %v, but %v", err, u.s.Reason())
		} else if err == nil {
			u.old, u.uid = append(u.old, u.uid), u.s.UID()
		}
	case 7:
		if alive := u.s.Reason() == session.Alive; alive {
			u.s.Expire()
			if u.s.Reason() != session.Expired || u.calls.Load() != 1 {
				x.t.Fatal("Expire has not finished")
			}
			u.ended = true
		}
	case 8:
		x.over(u, known(x.m.Get(context.Background(), u.uid)) == u.s)
		for _, uid := range u.old {
			if known(x.m.Get(context.Background(), uid)) != nil {
				x.t.Fatal("found by an old uid")
			}
		}
	case 9: // to just before the end of u, so that an early one shows
		if d := u.due() - now - 1; d > 0 && d < year {
			x.advance(d)
		}
	case 10: // to where u must have ended
		if d := u.due() + bound(u.timeout) + u.rounded + 1 - now; d > 0 && u.due() < year {
			x.advance(d)
		}
	case 11:
		delta := x.span()
		if x.next()%2 == 0 {
			delta = -delta
		}
		x.adjust(delta)
	case 12:
		live := x.live()
		n, err := x.m.Cleanup(context.Background())
		if err != nil {
			x.t.Fatal(err)
		}
		if gone := live - x.live(); gone != n {
			x.t.Fatalf("Cleanup ended %d sessions and says %d", gone, n)
		}
		x.noneIsDue()
	default:
		if d := x.span(); d < session.Never {
			x.advance(d)
		}
	}
}

// adjust moves all ends.
func (x *world) adjust(delta time.Duration) {
	x.t.Helper()
	for _, u := range x.all {
		if x.check(u); u.ended {
			continue
		}
		if delta%unit != 0 {
			u.rounded += unit
		}
		switch {
		case delta > 0 && u.used > session.Never-delta:
			u.used = session.Never
		case delta < 0 && u.used < math.MinInt64-delta:
			u.used = math.MinInt64
		default:
			u.used += delta
		}
		if u.lifetime < session.Never {
			u.lifetime = plus(u.lifetime, delta)
		}
		u.since = x.w.Now()
	}
	if err := x.m.AdjustTime(context.Background(), delta); err != nil {
		x.t.Fatal(err)
	}
	if delta < 0 {
		x.noneIsDue()
	}
}

func (x *world) live() (n int) {
	for _, u := range x.all {
		if u.s.Reason() == session.Alive {
			n++
		}
	}
	return n
}

// noneIsDue is so after what does not wait for the wheel.
func (x *world) noneIsDue() {
	x.t.Helper()
	for _, u := range x.all {
		due := min(u.idle(), u.lifetime)
		if u.s.Reason() == session.Alive && due < session.Never && x.w.Now() >= plus(due, unit+u.rounded) {
			x.t.Fatalf("at %v: alive, but due at %v", x.w.Now(), due)
		}
	}
}

func runProgram(t *testing.T, prog []byte) {
	m, w := still(func(m *session.Manager) { m.Carrier = silent{} })
	x := &world{t: t, m: m, w: w, prog: prog}
	for len(x.prog) > 0 {
		x.step()
		live := int64(0)
		for _, u := range x.all {
			if x.check(u); !u.ended {
				live++
			}
		}
		if got := m.Stats().Live; got != live {
			t.Fatalf("%d live, want %d", got, live)
		}
	}
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, u := range x.all {
		if n := u.calls.Load(); n != 1 {
			t.Fatalf("%d calls", n)
		}
		if u.ended == (u.s.Reason() == session.Shutdown) {
			t.Fatal("a second end")
		}
	}
	ends(t, m)
}

func TestModel(t *testing.T) {
	for seed := range uint64(600) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		prog := make([]byte, 20+rnd.IntN(400))
		for i := range prog {
			prog[i] = byte(rnd.Uint32())
		}
		runProgram(t, prog)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzManager(f *testing.F) {
	f.Add([]byte{0, 9, 1, 0, 9, 0, 10, 0})
	f.Add([]byte{0, 12, 2, 0, 11, 0, 13, 3, 0, 4, 0, 9, 9, 0, 10, 0})
	f.Add([]byte{0, 15, 5, 0, 11, 6, 0, 1, 0, 9, 0, 10, 0, 8, 0})
	f.Add([]byte{0, 13, 4, 0, 9, 11, 0, 9, 4, 0, 13, 7, 0, 8, 0})
	f.Fuzz(func(t *testing.T, prog []byte) {
		runProgram(t, prog[:min(len(prog), 1000)])
	})
}
