package e2e_test

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

// A line is a line of a program's output and the moment it was read, which is
// never before it was written.
type line struct {
	text string
	at   time.Time
}

// output collects what a program writes.
type output struct {
	mu   sync.Mutex
	rest []byte
	all  []line
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, b...)
	for {
		text, rest, found := bytes.Cut(o.rest, []byte("\n"))
		if !found {
			return len(b), nil
		}
		o.all = append(o.all, line{string(text), time.Now()})
		o.rest = rest
	}
}

func (o *output) lines() []line {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

func (o *output) text() []string {
	var text []string
	for _, l := range o.lines() {
		text = append(text, l.text)
	}
	return text
}
