package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Save writes what has changed in s to the Store and returns when that is
// acknowledged. A resource.Tree calls it before each answer; other programs do so
// themselves, or have it done within a second without hearing whether it failed.
// Where nothing has changed, or there is no Store, it does nothing. ctx may be
// nil.
//
// The errors wrap ErrStore, also where the Store has failed to take a change of s
// since the request of ctx came: such changes are undone. Or they are ErrEnded:
// another process has ended s, or renewed it.
func (m *Manager) Save(ctx *fasthttp.RequestCtx, s *Session) error {
	if s.marks.Load()&(unsaved|refused) == 0 {
		return nil // nearly always
	}
	return s.m.link.flush(ctx, s)
}

// savers is how many sessions are written at once by ourselves.
const savers = 8

// mostBehind is how many sessions may be waiting to be written, with
// WriteBehind, before requests wait for that again.
const mostBehind = 10_000

func (l *link) flush(ctx *fasthttp.RequestCtx, s *Session) error {
	behind := l.m.WriteBehind && l.counts.unsaved.Load() < mostBehind
	if s.marks.Load()&unsaved != 0 && !behind {
		if err := l.save(l.ctx, s, true); err != nil {
			if l.ctx.Err() != nil { // the Manager is closed, and s is over here
				return ErrEnded
			}
			return err
		}
	}
	if ctx != nil && s.marks.Load()&refused != 0 && time.Duration(s.stored().refusal.Load()) >= l.m.clock.At(ctx.Time()) {
		return fmt.Errorf("%w: a change has been undone", ErrStore)
	}
	return nil
}

// refuse takes note that the Store has not taken a change, perhaps.
func (l *link) refuse(s *Session) {
	s.stored().refusal.Store(int64(l.m.clock.Now()))
	s.setMark(refused)
	s.setMark(doubtful) // it may have taken it nevertheless
}

// changed has a change of s written, soon and by us if no request does.
func (l *link) changed(s *Session) {
	if s.setMark(unsaved) {
		l.counts.unsaved.Add(1)
		l.saveLater(s)
	}
	if a := s.activity.Load(); a >= over && !isAsking(a) {
		l.allSaved(s) // nobody else will
	}
}

func (l *link) saveLater(s *Session) {
	time.AfterFunc(gathering(Never), func() { l.saves.put(s) })
}

// allSaved takes that back.
func (l *link) allSaved(s *Session) {
	if s.clearMark(unsaved) {
		l.counts.unsaved.Add(-1)
	}
}

// saveAll writes changes that no request has waited for. What cannot be written
// is tried again.
func (l *link) saveAll(batch []*Session) (again []*Session) {
	failed := make([]bool, len(batch))
	var all sync.WaitGroup
	for i, s := range batch {
		if s.marks.Load()&unsaved != 0 { // else a request has done so, as nearly always
			all.Go(func() { failed[i] = l.saveAgain(s) })
		}
	}
	all.Wait()
	for i, s := range batch {
		if failed[i] {
			again = append(again, s)
		}
	}
	return again
}

// mostTries is how often the Store may fail to take the changes of one session,
// while it answers otherwise, before they are undone: there is something in them
// that it does not take.
const mostTries = 100

// saveAgain reports whether it has to be tried again.
func (l *link) saveAgain(s *Session) bool {
	st := s.stored()
	st.io.Lock()
	defer st.io.Unlock()
	err := l.saveNow(l.ctx, s, false)
	switch {
	case !errors.Is(err, ErrStore):
		st.tries = 0
		return false
	case errors.Is(err, errShut):
		return true
	}
	if st.tries++; st.tries < mostTries {
		return true
	}
	st.tries = 0
	l.undo(s)
	report(l.m.Log, "session: the changes of a session cannot be saved and are undone", "error", err)
	return false
}

// save writes all changes there are. When that fails they are undone if undo is
// set, and whoever has the session is told.
func (l *link) save(ctx context.Context, s *Session, undo bool) error {
	st := s.stored()
	if err := st.io.LockFor(ctx); err != nil {
		return err
	}
	defer st.io.Unlock()
	return l.saveNow(ctx, s, undo)
}

// saveNow is save for whoever has io.
func (l *link) saveNow(ctx context.Context, s *Session, undo bool) error {
	x, st := s.extra(), s.stored()
	x.mu.Lock()
	c := st.changes()
	if c.none() {
		l.allSaved(s)
	}
	x.mu.Unlock()
	if c.none() {
		return nil
	}
	err := l.write(ctx, s, c, "", nil)
	if err != nil && undo {
		l.undo(s)
	}
	return err
}

// undo takes back what has not been written. The caller has io.
func (l *link) undo(s *Session) {
	x, st := s.extra(), s.stored()
	x.mu.Lock()
	defer x.mu.Unlock()
	if st.revert(); st.changes().none() {
		l.allSaved(s)
	} else {
		l.saves.put(s) // its times, which are not undone
	}
	l.refuse(s)
}

// write sends changes, and another key if that is not nil. The field that has
// the name expect must not have changed in the Store. The caller has io.
func (l *link) write(ctx context.Context, s *Session, c changes, expect string, rename *StoreKey) error {
	x, st := s.extra(), s.stored()
	now := l.m.clock.Now()
	use, _ := s.news(now)
	change := Change{Clear: c.cleared, Rename: rename}
	if c.timed && now-use > mayLag(s.Timeout()) {
		use = now // it may be in use elsewhere, with a shorter timeout too
	}
	switch {
	case !s.ended():
		change.Extend, change.Exactly = s.extension(use, now), c.timed
	case c.timed: // it is due here by these times
		change.Extend, change.Exactly = 1, true
	}
	for _, f := range c.fields {
		version := uint64(AnyVersion)
		if f.name == expect && expect != "" {
			version = f.version
		}
		switch {
		case f.now.here:
			change.Set = append(change.Set, Field{f.name, seal(f.name, f.now.data), version})
		case !c.cleared:
			change.Delete = append(change.Delete, f.name)
		}
	}
	if c.timed || c.cleared {
		change.Set = append(change.Set, Field{headerName, seal(headerName, s.header().encode()), AnyVersion})
	}
	if c.timed {
		if change.Limit = Never; s.marks.Load()&limited != 0 {
			change.Limit = limitOf(s, now)
		}
	}
	l.counts.saves.Add(1)
	var version uint64
	err := l.gate.call(ctx, func(ctx context.Context) (err error) {
		version, err = l.m.Store.Save(ctx, s.storeKey(), change)
		return err
	})
	if errors.Is(err, ErrGone) {
		if err = l.gone(ctx, s); err == nil {
			return l.write(ctx, s, c, expect, rename)
		}
		return err
	}
	if errors.Is(err, ErrStore) && rename != nil {
		st.renamed = rename // or not
	}
	if err != nil {
		return err
	}
	st.renamed = nil
	if version != st.version.Load()+1 {
		s.setMark(doubtful) // others have written meanwhile
	}
	st.version.Store(version)
	st.tell(use)
	x.mu.Lock()
	defer x.mu.Unlock()
	st.written(c, version)
	if st.changes().none() {
		l.allSaved(s)
	} else {
		l.saveLater(s) // what has changed meanwhile
	}
	return nil
}

// limitOf returns how long it is to the end of the lifetime, as Change.Limit.
func limitOf(s *Session, now time.Duration) time.Duration {
	limit := s.lifetime()
	if limit == Never {
		return Never
	}
	if limit == now {
		return -1
	}
	return limit - now
}

// update changes one value so that no other change of it is lost, wherever it
// is made: f gets what there is, and is called again if that has changed until
// the Store has what it returned.
func (l *link) update(s *Session, name string, f func(content) (content, error)) error {
	x, st := s.extra(), s.stored()
	st.io.Lock()
	defer st.io.Unlock()
	last := time.Now().Add(l.gate.patience)
	for {
		if s.ended() {
			return ErrEnded
		}
		x.mu.Lock()
		old := field{name: name}
		if at := st.find(name); at != nil {
			old = *at
		}
		x.mu.Unlock()
		now, err := f(old.now)
		if err != nil {
			return err
		}
		x.mu.Lock()
		c := st.changes()
		x.mu.Unlock()
		old.now = now
		err = l.write(l.ctx, s, c.and(old), name, nil)
		if err == nil {
			return nil
		}
		if errors.Is(err, ErrConflict) {
			if err = fmt.Errorf("%w: %w", ErrStore, err); time.Now().Before(last) {
				err = l.reload(l.ctx, s)
			}
		}
		if err != nil {
			l.refuse(s)
			return err
		}
		time.Sleep(rand.N(2 * time.Millisecond))
	}
}

// reload takes over what the Store has of a session that is here. The caller has
// io.
func (l *link) reload(ctx context.Context, s *Session) error {
	r, err := l.read(ctx, s)
	if errors.Is(err, ErrGone) {
		if err = l.gone(ctx, s); err == nil {
			return l.reload(ctx, s)
		}
	}
	if err != nil {
		return err
	}
	return l.take(s, r)
}
