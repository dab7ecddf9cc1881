package session_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

func lengthOf(n int) func(*session.Manager) {
	return func(m *session.Manager) { m.IDLength = n }
}

func get(m *session.Manager, uid string) *session.Session {
	return known(m.Get(context.Background(), uid))
}

func write(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func read(t testing.TB, uid string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.Strict().DecodeString(uid)
	require.NoError(t, err)
	return b
}

func TestIDLength(t *testing.T) {
	for n := 16; n <= 64; n++ {
		m, _ := still(lengthOf(n))
		s, other := create(t, m), create(t, m)
		check := func() {
			uid := s.UID()
			b := read(t, uid)
			require.Len(t, b, n)
			require.Same(t, s, get(m, uid))
			require.Same(t, s, known(m.Find(bring(t, uid))))
			for i := range b { // each byte counts
				b[i] ^= 1
				require.Nil(t, get(m, write(b)))
				b[i] ^= 1
			}
			for k := range 65 { // and that no more come, nor fewer
				if k != n {
					require.Nil(t, get(m, write(append(bytes.Clone(b), make([]byte, 64)...)[:k])))
				}
			}
			if rest := read(t, other.UID())[16:]; !bytes.Equal(rest, b[16:]) { // as is nearly always so
				require.Nil(t, get(m, write(append(bytes.Clone(b[:16]), read(t, other.UID())[16:]...))), "another's tail")
			}
			require.Nil(t, get(m, uid+"A"))
			require.Nil(t, get(m, uid+"\n"))
			require.Nil(t, get(m, uid[:9]+"\r\n"+uid[9:]))
		}
		check()
		old := s.UID()
		require.NoError(t, m.Renew(visit(t), s))
		require.NotEqual(t, old[len(old)-6:], s.UID()[len(old)-6:])
		require.Nil(t, get(m, old))
		check()
		s.Expire()
		require.Nil(t, get(m, s.UID()))
		require.Len(t, read(t, s.UID()), n, "it can still be read")
		closed(t, m)
	}
}

func TestTailIsRandom(t *testing.T) {
	m, _ := still(lengthOf(64))
	defer closed(t, m)
	var all [64][256]int
	for range 2560 {
		for i, c := range read(t, create(t, m).UID()) {
			all[i][c]++
		}
	}
	for i := range all {
		for _, n := range all[i] {
			require.Less(t, n, 60, "byte %d is not random", i)
		}
	}
}

func TestWrongIDLengthPanics(t *testing.T) {
	for _, n := range []int{-1, -16, 1, 8, 15, 65, 1 << 40} {
		m, _ := still(lengthOf(n))
		require.PanicsWithValue(t, "session: Manager.IDLength is "+itoa(n)+", and must be from 16 to 64", func() {
			_, _ = m.Find(visit(t))
		})
		require.Panics(t, func() { _, _ = m.Create(nil) }, "not only the first time")
	}
}

func TestNewTakesLongUIDs(t *testing.T) {
	for _, uid := range []string{
		"", "loose", strings.Repeat("A", 21), strings.Repeat("A", 22), strings.Repeat("B", 22), strings.Repeat("A", 23), strings.Repeat("B", 43),
		strings.Repeat("-", 42) + "w", strings.Repeat("_", 85) + "w", strings.Repeat("A", 86), strings.Repeat("A", 87), strings.Repeat("A", 1000),
	} {
		require.Equal(t, uid, session.New(uid).UID())
	}
}

// The id of another's making is not the one that was asked for, be the
// difference in the tail alone.
func TestFactoryChangesTheTail(t *testing.T) {
	m, _ := still(lengthOf(32), with(func(uid string) *session.Session {
		return session.New(uid[:40] + strings.Repeat("A", 3))
	}))
	defer closed(t, m)
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrFactory)
}

// Whoever has read uids while they change cannot put another together of them.
func TestNoMixtureIsAccepted(t *testing.T) {
	m, _ := still(lengthOf(32), func(m *session.Manager) { m.Carrier = silent{} })
	defer closed(t, m)
	s := create(t, m)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				text := s.UID()
				if got := get(m, text); got != s && s.UID() == text {
					t.Error("lost while it had the uid")
				}
				a, b := read(t, text), read(t, s.UID())
				if bytes.Equal(a, b) {
					continue
				}
				for _, cut := range []int{8, 16, 24} {
					for _, mixture := range [][]byte{append(bytes.Clone(a[:cut]), b[cut:]...), append(bytes.Clone(b[:cut]), a[cut:]...)} {
						if get(m, write(mixture)) != nil {
							t.Error("found by a mixture")
						}
					}
				}
				if get(m, write(a[:16])) != nil || get(m, write(b[:16])) != nil {
					t.Error("found without the tail")
				}
			}
		})
	}
	for range 20_000 {
		require.NoError(t, m.Renew(nil, s))
	}
	stop.Store(true)
	wg.Wait()
}

// A script is a source of ids that gives each number as often as it says, in 16
// bytes that spread over the table. It is not safe for two readers at once.
type script struct {
	times uint64
	n     uint64
}

func (r *script) Read(p []byte) (int, error) {
	v := r.n / r.times * 0x9e3779b97f4a7c15
	r.n++
	clear(p)
	binary.BigEndian.PutUint64(p, v)
	return len(p), nil
}

func TestEntropy(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 20)
	for _, n := range []int{16, 17, 32, 64} {
		m, _ := still(lengthOf(n), func(m *session.Manager) { m.Entropy = iotest.OneByteReader(strings.NewReader(text)) })
		rest := text
		for len(rest) >= n && get(m, write([]byte(rest[:n]))) == nil {
			s, err := m.Create(nil)
			if err != nil { // the same 16 bytes
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				break
			}
			require.Contains(t, text, string(read(t, s.UID())))
			rest = rest[n:]
		}
		require.NotZero(t, m.Stats().Live)
		closed(t, m)
	}
}

func TestEntropyFails(t *testing.T) {
	mine := errors.New("out of chance")
	for name, c := range map[string]struct {
		from io.Reader
		want error
	}{
		"error": {iotest.ErrReader(mine), mine},
		"empty": {strings.NewReader(""), io.EOF},
		"short": {strings.NewReader("0123456789"), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			var log journal
			m, _ := still(func(m *session.Manager) {
				m.Entropy = io.MultiReader(strings.NewReader("0123456789abcdef"), c.from)
				m.Log, m.Limit = log.logger(), 10
			})
			s := create(t, m)
			uid := s.UID()
			require.Equal(t, "0123456789abcdef", string(read(t, uid)))
			_, err := m.Create(nil)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "session: ")
			_, err = m.Open(visit(t))
			require.Error(t, err)
			ctx := visit(t)
			require.Error(t, m.Renew(ctx, s))
			require.Empty(t, setCookies(ctx))
			require.Same(t, s, get(m, uid), "it keeps what it has")
			require.Equal(t, int64(1), m.Stats().Live)
			require.Contains(t, log.String(), "source of ids")
			closed(t, m)
			ends(t, m)
		})
	}
}

func TestNoUnusedID(t *testing.T) {
	r := &script{times: 1 << 40}
	made := 0
	m, _ := still(func(m *session.Manager) { m.Entropy = r }, with(func(uid string) *session.Session {
		made++
		return session.New(uid)
	}))
	s := create(t, m)
	_, err := m.Create(nil)
	require.ErrorIs(t, err, session.ErrIDs)
	require.EqualError(t, err, "session: no unused id in ten tries")
	require.Equal(t, uint64(11), r.n)
	require.Equal(t, 1, made, "no session is made for an id that is in use")
	require.ErrorIs(t, m.Renew(visit(t), s), session.ErrIDs, "its own is in use too")
	require.Equal(t, uint64(21), r.n)
	require.Same(t, s, get(m, s.UID()))
	require.Equal(t, int64(1), m.Stats().Live)

	r.times = 10 // the tenth is another
	r.n = 1
	require.NotSame(t, s, create(t, m))
	s.Expire()
	require.ErrorIs(t, m.Renew(visit(t), s), session.ErrEnded)
	r.n = 0
	require.NotSame(t, s, create(t, m), "its id is free again")
	closed(t, m)
	ends(t, m)
}

// Two have drawn the same id before either has entered it.
func TestTwoCreatesAtOnce(t *testing.T) {
	var opened, shut, calls atomic.Int64
	both := make(chan struct{})
	m, _ := still(func(m *session.Manager) {
		m.Entropy = &script{times: 2}
		m.Limit = 2
		m.OnExpire = func(*session.Session) { calls.Add(1) }
	}, with(func(uid string) *session.Session {
		s := session.New(uid)
		s.NotifyOnExpire(func() { shut.Add(1) })
		switch opened.Add(1) {
		case 1:
			<-both
		case 2:
			close(both)
		}
		return s
	}))
	var wg sync.WaitGroup
	var list [2]*session.Session
	for i := range list {
		wg.Go(func() { list[i], _ = m.Create(nil) })
	}
	wg.Wait()
	require.Equal(t, int64(3), opened.Load())
	require.Equal(t, int64(1), shut.Load(), "what was made in vain is released")
	require.NotEqual(t, list[0].UID(), list[1].UID())
	for _, s := range list {
		require.Same(t, s, get(m, s.UID()))
	}
	require.Equal(t, int64(2), m.Stats().Made)
	closed(t, m)
	ends(t, m)
	require.Equal(t, int64(2), calls.Load(), "it never was a session")
}

// Of many who draw the same ids at once each has a session to itself, and what
// was made in vain is released but was never a session.
func TestCreatesWithTheSameBytes(t *testing.T) {
	var opened, shut, calls atomic.Int64
	m, w := still(func(m *session.Manager) {
		m.Entropy = &script{times: 4}
		m.OnExpire = func(*session.Session) { calls.Add(1) }
	}, with(func(uid string) *session.Session {
		s := session.New(uid)
		opened.Add(1)
		s.NotifyOnExpire(func() { shut.Add(1) })
		return s
	}))
	var mu sync.Mutex
	seen := map[string]*session.Session{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ctx := visit(t)
			for range 1000 {
				s, _, err := m.Acquire(ctx)
				for errors.Is(err, session.ErrIDs) { // bad luck
					s, _, err = m.Acquire(ctx)
				}
				if err != nil {
					t.Error(err)
					return
				}
				s.Release()
				for err = m.Renew(ctx, s); errors.Is(err, session.ErrIDs); {
					err = m.Renew(ctx, s)
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[s.UID()] != nil {
					t.Error("two sessions with one id")
				}
				seen[s.UID()] = s
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for uid, s := range seen {
		require.Same(t, s, get(m, uid))
	}
	require.Equal(t, int64(8000), m.Stats().Live)
	require.Equal(t, int64(8000), m.Stats().Made)
	w.Advance(time.Hour)
	closed(t, m)
	ends(t, m)
	require.Equal(t, int64(8000), calls.Load())
	require.Equal(t, opened.Load(), shut.Load())
}
