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
// Two Keys are two values. With a Store, where a value is found by the Key's
// name, two of one name are one value; it must have the same name and a type
// that reads what was written before in every version of the program. The zero
// Key is none and of no use.
//
// With a Store, a value is what has been set or left by Update: what is changed
// in what Get returned, through a pointer or in a map, is not kept.
type Key[T any] struct{ k *key }

type key struct {
	name  string
	local bool
}

// value is one held value: p points to a T of the key's type.
type value struct {
	k *key
	p any
}

// NewKey returns a Key that no other equals. The name is for people, and for the
// Store, if there is one; it may have 255 bytes then.
func NewKey[T any](name string) Key[T] { return Key[T]{&key{name: name}} }

// NewLocalKey returns a Key for what cannot outlive the process and no other can
// have: a connection, a lock, a file. A Store never sees its values.
func NewLocalKey[T any](name string) Key[T] { return Key[T]{&key{name: name, local: true}} }

// String returns the key's name.
func (k Key[T]) String() string { return k.k.name }

// Get returns the value in s; ok is false, and the value zero, if there is
// none, or if what the Store has of it cannot be read as a T, of which the log
// hears then. Values can be read after the end.
func (k Key[T]) Get(s *Session) (v T, ok bool) {
	x := s.more.Load()
	if x == nil {
		return v, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stored != nil && !k.k.local {
		return k.read(s, x.stored)
	}
	if p := k.find(x); p != nil {
		return *p, true
	}
	return v, false
}

// Set puts v into s. The error is ErrEnded, or that v cannot be encoded for the
// Store, or nil. When Set returns, the Store has yet to hear of it; see
// Manager.Save. Of several processes that set the same value the last one wins.
func (k Key[T]) Set(s *Session, v T) error {
	if x := s.more.Load(); x != nil && x.stored != nil && !k.k.local {
		return k.write(s, x, v)
	}
	return k.Update(s, func(p *T) { *p = v })
}

// Update calls f with the value in s, a zero one if there is none, for f to
// change. It runs on the caller's goroutine and under the lock of the session's
// values: no other change is lost, and f must neither use the values of s nor
// end it. The error is ErrEnded, and f not called, or nil.
//
// With a Store, Update returns when that has acknowledged the change, and calls
// f again with what is there then if another process has changed the value
// meanwhile. The error may also wrap ErrStore, ErrUnreadable or one of the Codec;
// the value is then as it was, but for an ErrStore where that is not known.
func (k Key[T]) Update(s *Session, f func(*T)) error {
	if s.ended() {
		return ErrEnded
	}
	x := s.extra()
	if x == finished {
		return ErrEnded
	}
	if x.stored != nil && !k.k.local {
		return k.updateStored(s, f)
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
	if x.stored != nil && !k.k.local {
		x.stored.put(k.k.name, content{})
		s.m.link.changed(s)
		return
	}
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

// onlyLocal returns the values that no Store is to have.
func onlyLocal(values []value) []value {
	return slices.DeleteFunc(values, func(v value) bool { return !v.k.local })
}
