package session

import (
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse reads ids of all lengths, and has base64 read the same: strictly,
// and without the line ends that it passes over.
func FuzzParse(f *testing.F) {
	for n := range 70 {
		b := []byte(strings.Repeat("\xff\x00\x7fspindle", 10))[:n]
		f.Add(base64.RawURLEncoding.EncodeToString(b))
		f.Add(base64.URLEncoding.EncodeToString(b))
		f.Add(base64.RawStdEncoding.EncodeToString(b))
		f.Add(strings.Repeat("A", n) + "B")
		f.Add(strings.Repeat("A", n) + "\n")
		f.Add("\r" + strings.Repeat("A", n))
	}
	f.Fuzz(func(t *testing.T, uid string) {
		want, err := base64.RawURLEncoding.Strict().DecodeString(uid)
		valid := err == nil && !strings.ContainsAny(uid, "\r\n") && len(want) >= 16 && len(want) <= 64
		v, tail, ok := parse(uid)
		if ok != valid {
			t.Fatalf("%q: %v, want %v", uid, ok, valid)
		}
		if !ok {
			if New(uid).UID() != uid {
				t.Fatal("the uid is another")
			}
			return
		}
		if w, rest := split(want); v != w || tail != string(rest) {
			t.Fatalf("%q: %x %x", uid, v, tail)
		}
		if text(v, tail) != uid || New(uid).UID() != uid {
			t.Fatalf("%q is written in another way", uid)
		}
		var b [longest]byte
		if n := parseLong([]byte(uid), &b); len(want) > shortest && string(b[:n]) != string(want) {
			t.Fatalf("%q: %x by the long way", uid, b[:n])
		}
	})
}

// A session that was made while IDLength was another is found like any, and its
// next id is of the length that is valid now.
func TestIDsOfOtherLengths(t *testing.T) {
	for _, now := range []int{16, 24, 64} {
		for n := 16; n <= 64; n += 4 {
			m := &Manager{IDLength: now, Carrier: Header{}}
			m.init()
			uid := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", n)))
			s := New(uid)
			s.m = m
			s.activity.touch(m.clock.Now())
			require.True(t, m.table.add(s))
			m.live.Add(1)
			found, err := m.Get(t.Context(), uid)
			require.NoError(t, err)
			require.Same(t, s, found)

			// Nobody ever finds it by the first 16 bytes alone, not even while it
			// changes to an id that has no more.
			short := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", 16)))
			var stop atomic.Bool
			var wg sync.WaitGroup
			if n > 16 {
				wg.Go(func() {
					for !stop.Load() {
						if found, err := m.Get(t.Context(), short); found != nil || err != nil {
							t.Error("found without the tail")
							return
						}
					}
				})
			}
			old := s.id()
			require.NoError(t, m.rename(s))
			require.False(t, s.isShort(old), "who has just found it by the old id")
			stop.Store(true)
			wg.Wait()
			require.Len(t, s.UID(), spelling.EncodedLen(now))
			found, err = m.Get(t.Context(), uid)
			require.NoError(t, err)
			require.Nil(t, found)
			found, err = m.Get(t.Context(), s.UID())
			require.NoError(t, err)
			require.Same(t, s, found)
			require.NoError(t, m.Close(t.Context()))
		}
	}
}
