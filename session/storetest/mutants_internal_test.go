package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// A mutant is a Memory with one small defect: a method of its own that does
// something else, or something more.
type mutant struct {
	*Memory
	create func(m *Memory, ctx context.Context, key session.StoreKey, r session.Record) error
	load   func(m *Memory, ctx context.Context, key session.StoreKey) (session.Record, error)
	save   func(m *Memory, ctx context.Context, key session.StoreKey, c session.Change) (uint64, error)
	touch  func(m *Memory, ctx context.Context, all []session.Touch) ([]uint64, error)
	exists func(m *Memory, ctx context.Context, key session.StoreKey) (bool, error)
	claim  func(m *Memory, ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error)
	due    func(m *Memory, ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error)
	ack    func(m *Memory, ctx context.Context, keys []session.StoreKey) error
	adjust func(m *Memory, ctx context.Context, delta time.Duration) error
	aside  func(m *Memory, ctx context.Context, key session.StoreKey) error
}

func (m mutant) Create(ctx context.Context, key session.StoreKey, r session.Record) error {
	if m.create != nil {
		return m.create(m.Memory, ctx, key, r)
	}
	return m.Memory.Create(ctx, key, r)
}

func (m mutant) Load(ctx context.Context, key session.StoreKey) (session.Record, error) {
	if m.load != nil {
		return m.load(m.Memory, ctx, key)
	}
	return m.Memory.Load(ctx, key)
}

func (m mutant) Save(ctx context.Context, key session.StoreKey, c session.Change) (uint64, error) {
	if m.save != nil {
		return m.save(m.Memory, ctx, key, c)
	}
	return m.Memory.Save(ctx, key, c)
}

func (m mutant) Touch(ctx context.Context, all []session.Touch) ([]uint64, error) {
	if m.touch != nil {
		return m.touch(m.Memory, ctx, all)
	}
	return m.Memory.Touch(ctx, all)
}

func (m mutant) Exists(ctx context.Context, key session.StoreKey) (bool, error) {
	if m.exists != nil {
		return m.exists(m.Memory, ctx, key)
	}
	return m.Memory.Exists(ctx, key)
}

func (m mutant) Claim(ctx context.Context, keys []session.StoreKey, t session.Terms) ([]session.Claim, error) {
	if m.claim != nil {
		return m.claim(m.Memory, ctx, keys, t)
	}
	return m.Memory.Claim(ctx, keys, t)
}

func (m mutant) Due(ctx context.Context, limit int, grace time.Duration, t session.Terms) ([]session.Claim, error) {
	if m.due != nil {
		return m.due(m.Memory, ctx, limit, grace, t)
	}
	return m.Memory.Due(ctx, limit, grace, t)
}

func (m mutant) Ack(ctx context.Context, keys []session.StoreKey) error {
	if m.ack != nil {
		return m.ack(m.Memory, ctx, keys)
	}
	return m.Memory.Ack(ctx, keys)
}

func (m mutant) AdjustTime(ctx context.Context, delta time.Duration) error {
	if m.adjust != nil {
		return m.adjust(m.Memory, ctx, delta)
	}
	return m.Memory.AdjustTime(ctx, delta)
}

func (m mutant) SetAside(ctx context.Context, key session.StoreKey) error {
	if m.aside != nil {
		return m.aside(m.Memory, ctx, key)
	}
	return m.Memory.SetAside(ctx, key)
}

// within does f with the record under the lock, if there is one.
func (m *Memory) within(key session.StoreKey, f func(r *record)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.records[key]; r != nil {
		f(r)
	}
}

// defect is a mutant and what is wrong with it.
type defect struct {
	name   string
	mutant mutant
}

// A witness is a tester that remembers whether the check has failed, and how.
type witness struct {
	mu  sync.Mutex
	how string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.how == "" {
		w.how = fmt.Sprintf(format, args...)
	}
}

func (w *witness) FailNow() { runtime.Goexit() }

// fails runs a check on the store and tells how it failed, "" if it did not.
func fails(c check, s session.Store) string {
	w := new(witness)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				w.Errorf("panic: %v", p)
			}
		}()
		c.run(w, s)
	}()
	<-done
	return w.how
}

func TestTheWitnessSeesNothingWrongWithMemory(t *testing.T) {
	for _, g := range suite {
		for _, c := range g.checks {
			require.Empty(t, fails(c, mutant{Memory: new(Memory)}), "%s/%s", g.name, c.name)
		}
	}
}

func TestMutantsFail(t *testing.T) {
	for _, e := range slices.Concat(recordMutants, saveMutants, renameMutants, claimMutants, dueMutants) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for range 10 { // some are wrong only when goroutines meet
				for _, g := range suite {
					for _, c := range g.checks {
						e.mutant.Memory = new(Memory)
						if how := fails(c, e.mutant); how != "" {
							t.Logf("%s/%s: %.1000s", g.name, c.name, how)
							return
						}
					}
				}
			}
			t.Fatal("no check has seen it")
		})
	}
}

var errLate = errors.New("too late")

// each hands a batch to f one by one, as stores do that cannot do better.
func each[In, Out any](all []In, f func(one []In) ([]Out, error)) (out []Out, err error) {
	for i := range all {
		part, err := f(all[i : i+1])
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}
