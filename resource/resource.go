package resource

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Resource is a node of the tree that URLs name. Embed Branch or Leaf to have
// both methods, and add those by which it answers: RenderGET (see Getter) and
// the like.
type Resource interface {
	// IsLeaf reports whether the node takes the rest of the path for itself;
	// Serve then looks no further.
	IsLeaf() bool

	// GetChild returns the child for a segment of the path that PutChild has
	// none for, and nil if there is no such thing. The name is decoded and
	// belongs to the request. Runs on the goroutine of the request.
	GetChild(name []byte, req *Request) Resource
}

// A Branch is a node with children. The zero value has none.
type Branch struct {
	mu   sync.Mutex
	next map[string]Resource      // all of them, for PutChild
	seen atomic.Pointer[children] // what look-ups read; nil when next is newer
}

// children is a fixed set of them: a list where they are few, since comparing a
// few names is quicker than hashing one.
type children struct {
	few  []child
	many map[string]Resource
}

type child struct {
	name string
	Resource
}

// IsLeaf returns false.
func (b *Branch) IsLeaf() bool { return false }

// GetChild returns nil: there are no children but those of PutChild. A type
// that makes children as they are asked for has a GetChild of its own.
func (b *Branch) GetChild([]byte, *Request) Resource { return nil }

// PutChild makes child the one with the name, which is a single segment of a
// path, not encoded; it comes before what GetChild would return. The name ""
// is the child for a path that ends in a slash. A nil child takes the one with
// the name away. PutChild may be called while requests are served.
func (b *Branch) PutChild(name string, child Resource) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(map[string]Resource)
	}
	if child == nil {
		delete(b.next, name)
	} else {
		b.next[name] = child
	}
	b.seen.Store(nil)
}

// parent is a Branch, or what embeds one.
type parent interface {
	put(name []byte) Resource
}

// put returns the child that PutChild put.
func (b *Branch) put(name []byte) Resource {
	seen := b.seen.Load()
	if seen == nil {
		seen = b.publish()
	}
	if seen.many != nil {
		return seen.many[string(name)]
	}
	for i := range seen.few {
		if c := &seen.few[i]; c.name == string(name) {
			return c.Resource
		}
	}
	return nil
}

// publish copies the children for look-ups, which need no lock.
func (b *Branch) publish() *children {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := new(children)
	if len(b.next) > 8 {
		seen.many = maps.Clone(b.next)
	} else {
		for name, res := range b.next {
			seen.few = append(seen.few, child{name, res})
		}
	}
	b.seen.Store(seen)
	return seen
}

// A Leaf is a node that takes the rest of the path for itself; see
// Request.Postpath.
type Leaf struct{}

// IsLeaf returns true.
func (Leaf) IsLeaf() bool { return true }

// GetChild returns nil and is never called.
func (Leaf) GetChild([]byte, *Request) Resource { return nil }
