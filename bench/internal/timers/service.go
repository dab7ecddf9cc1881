package timers

import (
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/spindleweb/spindle/bench/internal/child"
)

// service is the name of the children: each has one library's timers.
const service = "timers"

func init() { child.Register(service, func() child.Service { return new(server).serve }) }

// server is a child's work.
type server struct {
	kind     *kind
	wheel    wheel
	n        int           // how many stand
	patience time.Duration // with a call that is due
	later    int           // how often one has been moved to later
	near     int           // how often one has been moved to earlier
}

func (s *server) serve(method string, in json.RawMessage) (any, error) {
	var q question
	if err := json.Unmarshal(in, &q); err != nil {
		return nil, err
	}
	if method == "start" {
		if s.kind = get(q.Kind); s.kind == nil {
			return nil, fmt.Errorf("there are no timers %q", q.Kind)
		}
		s.wheel, s.patience = s.kind.start(), 2*time.Second
		return nil, nil
	}
	if s.wheel == nil {
		return nil, fmt.Errorf("%s before start", method)
	}
	switch method {
	case "stand":
		return s.stand(q.N)
	case "schedule":
		return s.schedule(q.For), nil
	case "cancel":
		return s.cancel(q.Cores, q.For), nil
	case "later":
		return s.rearmLater(q.Cores, q.For), nil
	case "look":
		return s.look(q.For), nil
	case "earlier":
		return s.rearmEarlier(q.For), nil
	case "collect":
		start := time.Now()
		runtime.GC()
		return time.Since(start), nil
	case "idle":
		return s.idle(q.For), nil
	case "fire":
		return fire(s.kind, s.wheel, q.N, q.For), nil
	case "held":
		return s.held(), nil
	case "hastened":
		return s.hastened(), nil
	case "moved":
		return s.moved(), nil
	case "panic":
		return s.panics(), nil
	}
	return nil, fmt.Errorf("no method %q", method)
}

// question is what a child is asked with.
type question struct {
	Kind  string        `json:",omitempty"`
	N     int           `json:",omitempty"`
	Cores int           `json:",omitempty"`
	For   time.Duration `json:",omitempty"`
}
