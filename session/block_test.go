package session_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// Calls that block hold back neither the sessions that end with theirs, nor
// those that end later, nor the wheel.
func TestBlockedCallsHoldNothingBack(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	for _, blocked := range []int{1, procs, procs + 1, 2 * procs, 3*procs + 2, 100, 250} {
		for _, others := range []int{1, 2, 5, 1000} {
			t.Run(fmt.Sprint(blocked, " blocked, ", others, " others"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m, w := still(with(session.Lasting(time.Minute)))
					release := make(chan struct{})
					var begun, made atomic.Int64
					for range blocked {
						create(t, m).NotifyOnExpire(func() {
							begun.Add(1)
							<-release
						})
					}
					w.Advance(30 * time.Second)
					for range others {
						create(t, m).NotifyOnExpire(func() { made.Add(1) })
					}
					wheel := false
					w.CallLater(2*time.Minute, func() { wheel = true })
					w.Advance(time.Minute)
					eventually(func() bool { return begun.Load() == int64(blocked) })
					first := begun.Load()
					w.Advance(time.Minute)
					eventually(func() bool { return made.Load() == int64(others) })
					n := made.Load()
					close(release)
					closed(t, m)
					require.True(t, wheel)
					require.Equal(t, int64(blocked), first, "blocking calls that began")
					require.Equal(t, int64(others), n, "others that got their calls")
				})
			})
		}
	}
}

// eventually waits for what comes in a bubble without anybody doing anything.
func eventually(ok func() bool) bool {
	for range 20 {
		if synctest.Wait(); ok() {
			return true
		}
		<-time.After(50 * time.Millisecond)
	}
	return false
}

// One more session ends while a call blocks on each processor: this is all
// that it takes to be forgotten.
func TestOneEndBehindBlockedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, w := still(with(session.Lasting(time.Minute)))
		release := make(chan struct{})
		for range runtime.GOMAXPROCS(0) {
			create(t, m).NotifyOnExpire(func() { <-release })
		}
		w.Advance(time.Second)
		made := make(chan struct{})
		create(t, m).NotifyOnExpire(func() { close(made) })
		w.Advance(time.Hour)
		ok := false
		select {
		case <-made:
			ok = true
		case <-time.After(time.Minute):
		}
		close(release)
		closed(t, m)
		require.True(t, ok, "its call is not made until another returns")
	})
}

// Blocked calls never become more goroutines than were allowed, and all calls
// are made in the end.
func TestNotifiersBound(t *testing.T) {
	for _, limit := range []int{1, 2, 7, 64} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, w := still(func(m *session.Manager) { m.Notifiers = limit })
				var at, most, made atomic.Int64
				for range 10 * limit {
					create(t, m).NotifyOnExpire(func() {
						n := at.Add(1)
						for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
						}
						<-time.After(time.Hour)
						at.Add(-1)
						made.Add(1)
					})
				}
				w.Advance(time.Hour)
				ok := eventually(func() bool { return at.Load() == int64(limit) })
				closed(t, m)
				require.True(t, ok, "not all that were allowed")
				require.Equal(t, int64(limit), most.Load())
				require.Equal(t, int64(10*limit), made.Load())
			})
		})
	}
}

// Expire of one session works while all notifiers are taken, also from within
// the calls of another.
func TestExpireNeedsNoNotifier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		m, w := still(func(m *session.Manager) { m.Notifiers = 1 })
		release := make(chan struct{})
		create(t, m).NotifyOnExpire(func() { <-release })
		w.Advance(time.Hour)
		synctest.Wait()
		inner, outer := create(t, m), create(t, m)
		inner.NotifyOnExpire(d.note("inner"))
		outer.NotifyOnExpire(inner.Expire)
		outer.NotifyOnExpire(d.note("outer"))
		outer.Expire()
		require.Equal(t, []string{"inner", "outer"}, d.all())
		close(release)
		closed(t, m)
	})
}

func TestCloseNamesWhatHasNotFinished(t *testing.T) {
	for _, n := range []int{1, 3, 300} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := still()
				release := make(chan struct{})
				for range n {
					create(t, m).NotifyOnExpire(func() { <-release })
					create(t, m)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begun := time.Now()
				err := m.Close(ctx)
				took := time.Since(begun)
				close(release)
				closed(t, m)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, time.Minute, took)
				if n <= 256 {
					require.Contains(t, err.Error(), fmt.Sprintf(" %d session", n))
				}
				ends(t, m)
			})
		})
	}
}

// On a wheel that runs, goroutines that make calls also decide who is over. When
// all of them are blocked, sessions still end on time and make room for others.
func TestSessionsEndOnTimeWhileAllCallsBlock(t *testing.T) {
	for _, notifiers := range []int{1, 2, 7} {
		t.Run(fmt.Sprint(notifiers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const limit = 100
				ctx, stop := context.WithCancel(context.Background())
				m, w := still(with(session.Lasting(50*time.Millisecond)), func(m *session.Manager) {
					m.Notifiers, m.Limit = notifiers, limit
				})
				go w.Run(ctx)
				release := make(chan struct{})
				var begun, made atomic.Int64
				for round := range 3 {
					for range limit {
						create(t, m).NotifyOnExpire(func() {
							begun.Add(1)
							<-release
							made.Add(1)
						})
					}
					<-time.After(150 * time.Millisecond)
					synctest.Wait()
					require.Zero(t, m.Stats().Live)
					require.EqualValues(t, limit*(round+1), m.Stats().Ended[session.Idle])
					require.EqualValues(t, notifiers, begun.Load())
				}
				close(release)
				closed(t, m)
				require.EqualValues(t, 3*limit, made.Load())
				stop()
			})
		})
	}
}

// The others of a batch are not kept in memory by one whose call blocks.
func TestABlockedCallKeepsNoOtherSessionInMemory(t *testing.T) {
	m, w := still(with(session.Lasting(time.Minute)))
	release := make(chan struct{})
	var made atomic.Int64
	var all []weak.Pointer[session.Session]
	for i := range 50 {
		s := create(t, m)
		s.NotifyOnExpire(func() {
			if i == 25 {
				<-release
			}
			made.Add(1)
		})
		all = append(all, weak.Make(s))
	}
	w.Advance(2 * time.Minute)
	for made.Load() < 49 {
		runtime.Gosched()
	}
	left := func() (n int) {
		for _, p := range all {
			if p.Value() != nil {
				n++
			}
		}
		return n
	}
	for range 100 { // those whose calls have just been made are let go of soon
		if runtime.GC(); left() <= 1 {
			break
		}
	}
	require.LessOrEqual(t, left(), 2)
	close(release)
	closed(t, m)
}

// Nor need calls block for good: it is enough that they take long.
func TestSessionsEndOnTimeWhileCallsTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 200
		ctx, stop := context.WithCancel(context.Background())
		m, w := still(with(session.Lasting(50*time.Millisecond)), func(m *session.Manager) { m.Notifiers = 1 })
		go w.Run(ctx)
		var made atomic.Int64
		for wave := range 5 {
			for range each {
				create(t, m).NotifyOnExpire(func() {
					<-time.After(20 * time.Millisecond)
					made.Add(1)
				})
			}
			<-time.After(100 * time.Millisecond)
			synctest.Wait()
			require.Zero(t, m.Stats().Live)
			require.EqualValues(t, each*(wave+1), m.Stats().Ended[session.Idle])
			require.Less(t, made.Load(), int64(each))
		}
		closed(t, m)
		require.EqualValues(t, 5*each, made.Load())
		stop()
	})
}
