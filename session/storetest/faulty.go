package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/spindleweb/spindle/session"
)

// Faulty is a Store that does what the Store in it does until a test has it
// fail, and counts the calls. All its methods may be called at any time, also
// while the store is in use. Methods of the Store are named as in "Save"; a name
// that no Store knows panics.
//
//	f := &storetest.Faulty{Store: new(storetest.Memory)}
//	m := session.Manager{Store: f}
//	…
//	f.Fail(errors.New("connection refused")) // an outage
//	…
//	f.Fail(nil)
//
// Of the faults that are set, a call meets Block first, then Fail, FailNext and
// LoseNext. A call whose ctx has ended while it was blocked is not carried out,
// one that was released is, if ctx still allows it.
//
// It has the optional interfaces as well, and returns errors.ErrUnsupported for
// them if the Store in it has not.
type Faulty struct {
	Store session.Store

	mu      sync.Mutex
	outage  error
	blocked chan struct{} // closed when the calls go on, nil if they are not held up
	waiting int
	fail    map[string]fault
	lose    map[string]fault
	calls   map[string]int
	rows    map[string]int
}

// A fault is an error for the next n calls.
type fault struct {
	n   int
	err error
}

var (
	_ session.Store       = (*Faulty)(nil)
	_ session.Adjuster    = (*Faulty)(nil)
	_ session.Quarantiner = (*Faulty)(nil)
)

// Fail has all calls fail with err, and nothing done; with nil no more.
func (f *Faulty) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outage = err
}

// FailNext has the next n calls of the method fail with err, and nothing done.
// It replaces what was left of an earlier FailNext of that method.
func (f *Faulty) FailNext(method string, n int, err error) {
	f.plan(&f.fail, method, n, err)
}

// LoseNext has the next n calls of the method carried out, but their answers
// lost: they return err all the same. That is what a client sees whose
// connection breaks while the server commits. It replaces what was left of an
// earlier LoseNext of that method.
func (f *Faulty) LoseNext(method string, n int, err error) {
	f.plan(&f.lose, method, n, err)
}

// Block holds up all calls, until release is called or their ctx ends: a server
// that is paused. To block what is blocked changes nothing; each release ends it.
func (f *Faulty) Block() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blocked == nil {
		f.blocked = make(chan struct{})
	}
	held := f.blocked
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.blocked == held {
			close(held)
			f.blocked = nil
		}
	}
}

// Waiting returns how many calls Block holds up.
func (f *Faulty) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting
}

// Calls returns how often these methods were called so far, all if none is
// named: the round trips. Calls that failed or are blocked count.
func (f *Faulty) Calls(methods ...string) int { return f.sum(&f.calls, methods) }

// Rows returns with how many sessions these methods had to do, all if none is
// named: what they were given, and what Due returned.
func (f *Faulty) Rows(methods ...string) int { return f.sum(&f.rows, methods) }

var methods = []string{"Create", "Load", "Save", "Touch", "Exists", "Claim", "Due", "Ack", "AdjustTime", "SetAside"}

func known(method string) {
	if !slices.Contains(methods, method) {
		panic(fmt.Sprintf("storetest: a Store has no method %q", method))
	}
}

func (f *Faulty) plan(faults *map[string]fault, method string, n int, err error) {
	known(method)
	f.mu.Lock()
	defer f.mu.Unlock()
	if *faults == nil {
		*faults = make(map[string]fault)
	}
	(*faults)[method] = fault{n, err}
}

// next uses up one of the planned faults.
func (f *Faulty) next(faults *map[string]fault, method string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := (*faults)[method]
	if p.n <= 0 {
		return nil
	}
	(*faults)[method] = fault{p.n - 1, p.err}
	return p.err
}

func (f *Faulty) sum(counts *map[string]int, of []string) (n int) {
	if len(of) == 0 {
		of = methods
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, method := range of {
		known(method)
		n += (*counts)[method]
	}
	return n
}

func (f *Faulty) count(method string, calls, rows int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls, f.rows = make(map[string]int), make(map[string]int)
	}
	f.calls[method] += calls
	f.rows[method] += rows
}

// pass returns when the call may go on, or an error.
func (f *Faulty) pass(ctx context.Context, method string) error {
	f.mu.Lock()
	blocked := f.blocked
	if blocked != nil {
		f.waiting++
	}
	f.mu.Unlock()
	if blocked != nil {
		select {
		case <-blocked:
		case <-ctx.Done():
		}
		f.mu.Lock()
		f.waiting--
		f.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("storetest: %s: blocked: %w", method, err)
		}
	}
	f.mu.Lock()
	outage := f.outage
	f.mu.Unlock()
	if outage != nil {
		return outage
	}
	return f.next(&f.fail, method)
}

// call is one call: what all of them have in common.
func call[T any](ctx context.Context, f *Faulty, method string, rows int, do func() (T, error)) (T, error) {
	var none T
	f.count(method, 1, rows)
	if err := f.pass(ctx, method); err != nil {
		return none, err
	}
	answer, err := do()
	if lost := f.next(&f.lose, method); lost != nil {
		return none, lost
	}
	return answer, err
}

// only is a call that answers with nothing but an error.
func only(ctx context.Context, f *Faulty, method string, rows int, do func() error) error {
	_, err := call(ctx, f, method, rows, func() (struct{}, error) { return struct{}{}, do() })
	return err
}
