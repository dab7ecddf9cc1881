package session

import (
	"errors"
	"slices"
)

// ErrEnded is returned where something was to be changed in a session that has
// ended.
var ErrEnded = errors.New("session: the session has ended")

// A Key names a value of type T that sessions can hold, as a Twisted interface
// names a component of one. Keys are variables of a package:
//
//	var visits = session.NewKey[int]("visits")
//
//	visits.Update(s, func(n *int) { *n++ })
//
// Two Keys are two values, even if they have the same name; the zero Key is
// none and of no use.
type Key[T any] struct{ k *key }

type key struct{ name string }

// value is one held value: p points to a T of the key's type.
type value struct {
	k *key
	p any
}

// NewKey returns a Key that no other equals. The name is for people.
func NewKey[T any](name string) Key[T] { return Key[T]{&key{name}} }

// String returns the key's name.
func (k Key[T]) String() string { return k.k.name }

// Get returns the value in s; ok is false, and the value zero, if there is
// none. Values can be read after the end.
func (k Key[T]) Get(s *Session) (v T, ok bool) {
	x := s.more.Load()
	if x == nil {
		return v, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := k.find(x); p != nil {
		return *p, true
	}
	return v, false
}

// Set puts v into s. The error is ErrEnded or nil.
func (k Key[T]) Set(s *Session, v T) error {
	return k.Update(s, func(p *T) { *p = v })
}

// Update calls f with the value in s, a zero one if there is none, for f to
// change. It runs on the caller's goroutine and under the lock of the session's
// values: no other change is lost, and f must neither use the values of s nor
// end it. The error is ErrEnded, and f not called, or nil.
func (k Key[T]) Update(s *Session, f func(*T)) error {
	if s.ended() {
		return ErrEnded
	}
	x := s.extra()
	if x == finished {
		return ErrEnded
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	p := k.find(x)
	if p != nil {
		f(p)
		return nil
	}
	p = new(T)
	f(p)
	x.values = append(x.values, value{k.k, p})
	return nil
}

// Delete takes the value out of s.
func (k Key[T]) Delete(s *Session) {
	x := s.more.Load()
	if x == nil || s.ended() {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.values = slices.DeleteFunc(x.values, func(v value) bool { return v.k == k.k })
}

func (k Key[T]) find(x *more) *T {
	for _, v := range x.values {
		if v.k == k.k {
			return v.p.(*T)
		}
	}
	return nil
}
