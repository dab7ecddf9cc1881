package session

import (
	"fmt"
	"unicode/utf8"
)

// The values of a session with a Store are bytes, encoded when they are set, so
// that one that cannot be encoded is known at once and what is written is what
// was set. They are decoded when somebody first asks.

// longestName is for the names of values.
const longestName = 255

func (l *link) encode(k *key, p any) ([]byte, error) {
	if k.name == headerName || len(k.name) > longestName || !utf8.ValidString(k.name) {
		return nil, fmt.Errorf("session: %q: the name of a value in a store has 1 to %d bytes of UTF-8", k.name, longestName)
	}
	data, err := l.codec.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("session: encoding %q: %w", k.name, err)
	}
	return data, nil
}

func (l *link) decode(k *key, data []byte, p any) error {
	if err := l.codec.Decode(data, p); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrUnreadable, k.name, err)
	}
	return nil
}

// read returns the value. The caller has the lock.
func (k Key[T]) read(s *Session, st *stored) (v T, ok bool) {
	f := st.find(k.k.name)
	if f == nil || !f.now.here {
		return v, false
	}
	if f.k == k.k {
		return *f.p.(*T), true
	}
	p := new(T)
	if err := s.m.link.decode(k.k, f.now.data, p); err != nil {
		if !f.bad {
			f.bad = true
			s.log("session: a value cannot be read", "error", err)
		}
		return v, false
	}
	f.k, f.p = k.k, p
	return *p, true
}

// write is Set.
func (k Key[T]) write(s *Session, x *more, v T) error {
	data, err := s.m.link.encode(k.k, &v)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if s.ended() {
		return ErrEnded
	}
	x.stored.put(k.k.name, content{data, true})
	s.m.link.changed(s)
	return nil
}

// updateStored is Update.
func (k Key[T]) updateStored(s *Session, f func(*T)) error {
	l := s.m.link
	return l.update(s, k.k.name, func(old content) (content, error) {
		p := new(T)
		if old.here {
			if err := l.decode(k.k, old.data, p); err != nil {
				return old, err
			}
		}
		f(p)
		data, err := l.encode(k.k, p)
		return content{data, true}, err
	})
}
