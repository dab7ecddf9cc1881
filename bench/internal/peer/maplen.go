package peer

import (
	"reflect"
	"sync"
	"unsafe"
)

// mapLen returns how many entries are in the map of a library that keeps it, and
// the lock over it, to itself: there is no other way to see when sessions that
// are over are let go.
func mapLen(pointer reflect.Value, lock, table string) int {
	s := pointer.Elem()
	l := s.FieldByName(lock)
	if l.Kind() == reflect.Pointer {
		l = l.Elem()
	}
	mu := (*sync.RWMutex)(unsafe.Pointer(l.UnsafeAddr()))
	mu.RLock()
	defer mu.RUnlock()
	return s.FieldByName(table).Len()
}
