package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/storetest"
	"github.com/stretchr/testify/require"
)

var who = session.NewKey[int]("who")

// visitor is what a session should be.
type visitor struct {
	uid  string
	note string
	n    int
	used time.Time
	// sure is a use of which the store has been told whatever becomes of the
	// process in which it was.
	sure    time.Time
	expired bool
	gone    bool
	ends    []finish
}

type finish struct {
	at  time.Time
	end end
}

// town is some processes that come and go, and their visitors.
type town struct {
	t      *testing.T
	r      *rand.Rand
	store  *storetest.Memory
	all    []*process
	people []*visitor
	shared bool
	kills  bool
	done   chan finish // with who as the number of its end
}

const lasting = time.Minute

func (w *town) join() *process {
	p := joinAs(w.t, w.store, func(m *session.Manager) {
		m.Shared = w.shared
		m.Lease = 5 * time.Second
		m.OnExpire = func(s *session.Session) {
			f := finish{at: time.Now(), end: end{why: s.Reason()}}
			f.end.note, _ = note.Get(s)
			f.end.number, _ = number.Get(s)
			i, _ := who.Get(s)
			w.done <- f
			w.done <- finish{end: end{number: i}}
		}
	})
	p.All() // starts it
	return p
}

func (w *town) hear() {
	synctest.Wait()
	for len(w.done) > 0 {
		f := <-w.done
		v := w.people[(<-w.done).end.number]
		v.gone = true
		v.ends = append(v.ends, f)
		if f.end.why == session.Idle {
			require.GreaterOrEqual(w.t, f.at.Sub(v.sure), lasting, "early")
			require.LessOrEqual(w.t, f.at.Sub(v.used), lasting+15*time.Second, "late")
		} else {
			require.True(w.t, v.expired, f.end.why)
		}
		require.Equal(w.t, v.note, f.end.note)
		require.Equal(w.t, v.n, f.end.number)
	}
}

func (w *town) any() *process { return w.all[w.r.IntN(len(w.all))] }

// visit is a request of v at p, or nil if it has no session any more.
func (w *town) visit(p *process, v *visitor) *session.Session {
	s, err := p.Find(asks(v.uid))
	require.NoError(w.t, err)
	if time.Since(v.sure) < lasting && !v.expired {
		require.NotNil(w.t, s, "it has ended early")
	}
	if s == nil {
		v.gone = true
		return nil
	}
	if w.shared {
		require.False(w.t, v.gone, "it has ended")
		text, _ := note.Get(s)
		n, _ := number.Get(s)
		require.Equal(w.t, v.note, text)
		require.Equal(w.t, v.n, n)
	}
	v.used, v.sure = time.Now(), time.Now()
	return s
}

func (w *town) step() {
	time.Sleep(time.Duration(w.r.IntN(9000)) * time.Millisecond)
	w.hear()
	p := w.any()
	if w.r.IntN(12) == 0 && len(w.people) < 40 {
		s, err := p.Open(asks(""))
		require.NoError(w.t, err)
		v := &visitor{uid: s.UID(), used: time.Now(), sure: time.Now()}
		require.NoError(w.t, who.Set(s, len(w.people)))
		require.NoError(w.t, p.Save(nil, s))
		w.people = append(w.people, v)
	}
	if len(w.people) == 0 {
		return
	}
	v := w.people[w.r.IntN(len(w.people))]
	if v.gone {
		return
	}
	switch w.r.IntN(14) {
	case 0:
		if s := w.visit(p, v); s != nil && w.r.IntN(2) == 0 {
			v.expired, v.gone = true, true
			s.Expire()
		}
	case 1:
		if s := w.visit(p, v); s != nil {
			require.NoError(w.t, p.Renew(asks(""), s))
			v.uid = s.UID()
		}
	case 2:
		w.outage(p, v)
	case 3:
		w.restart(p)
	case 4, 5, 6:
		if s := w.visit(p, v); s != nil {
			v.note += "x"
			require.NoError(w.t, note.Set(s, v.note))
			require.NoError(w.t, p.Save(nil, s))
		}
	case 7, 8, 9:
		if s := w.visit(p, v); s != nil {
			require.NoError(w.t, number.Update(s, func(n *int) { *n++ }))
			v.n++
		}
	default:
		w.visit(p, v)
	}
}

// outage has v come to a process that does not reach the store for some seconds.
func (w *town) outage(p *process, v *visitor) {
	if time.Since(v.sure) > lasting-20*time.Second || w.visit(p, v) == nil {
		return
	}
	p.way.Fail(errOutage)
	for range 3 {
		time.Sleep(time.Duration(w.r.IntN(2500)) * time.Millisecond)
		s, err := p.Find(asks(v.uid))
		require.NoError(w.t, err)
		require.NotNil(w.t, s)
		require.NoError(w.t, note.Set(s, "refused"))
		require.ErrorIs(w.t, p.Save(nil, s), session.ErrStore)
	}
	v.used = time.Now()
	p.way.Fail(nil)
	time.Sleep(2 * time.Second)
	w.hear()
	v.sure = v.used
}

// restart has another process in place of p, which is closed or killed.
func (w *town) restart(p *process) {
	for i := range w.all {
		if w.all[i] == p {
			w.all[i] = w.join()
		}
	}
	if w.kills && w.r.IntN(2) == 0 {
		p.way.Fail(errors.New("killed"))
		for _, v := range w.people { // what has not been told of is lost
			if told := time.Now().Add(-lasting/15 - time.Second/2); v.sure.After(told) {
				v.sure = told
			}
		}
		_ = p.Close(expired())
		return
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(w.t, p.Close(ctx))
}

// Some processes and visitors do at random whatever can be done, and what the
// sessions are and when they end is what a plain model says.
func TestModelOfProcesses(t *testing.T) {
	for seed := range uint64(24) {
		w := &town{r: rand.New(rand.NewPCG(seed, 7)), shared: seed%2 == 0, kills: seed%4 > 1}
		t.Run(fmt.Sprintf("seed %d, shared %v, kills %v", seed, w.shared, w.kills), func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *storetest.Memory) {
				w.t, w.store, w.done = t, store, make(chan finish, 1000)
				for range 3 {
					w.all = append(w.all, w.join())
				}
				for range 500 {
					w.step()
				}
				time.Sleep(2 * lasting)
				w.hear()
				require.NotEmpty(t, w.people)
				for i, v := range w.people {
					require.NotEmpty(t, v.ends, "%d has no end", i)
					if !w.kills {
						require.Len(t, v.ends, 1, "%d", i)
					}
				}
				require.Zero(t, store.Len())
			})
		})
	}
}
