package session

import "reflect"

// fetch reads something of all that the ends of these sessions need. Most of it
// has not been used for long and is far from the processor, which waits in each
// round for the memory of all of them at once; otherwise it would wait for each
// when its calls are made. That is a third of what an end costs (BenchmarkStorm).
func fetch(all []*Session) {
	var more [perBatch]*more
	for i, s := range all {
		more[i] = s.more.Load()
	}
	for _, x := range more[:len(all)] {
		if x != nil {
			x.lifetime.Load() // its first cache lines,
			x.complete.Load() // and its last
		}
	}
	var calls [perBatch]func()
	for i, x := range more[:len(all)] {
		if x != nil {
			calls[i] = x.first()
		}
	}
	for _, f := range calls[:len(all)] {
		if f != nil {
			reflect.ValueOf(f).Pointer() // reads the closure
		}
	}
}

// first returns the first of the calls that are left, or nil.
func (x *more) first() func() {
	x.ending.Lock()
	defer x.ending.Unlock()
	if len(x.calls) == 0 {
		return nil
	}
	return x.calls[0].f
}
