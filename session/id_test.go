package session_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestIDsAre128RandomBits(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	const n = 4096
	seen := map[string]bool{}
	var ones [128]int
	for range n {
		uid := create(t, m).UID()
		b, err := base64.RawURLEncoding.Strict().DecodeString(uid)
		require.NoError(t, err)
		require.Len(t, b, 16)
		require.False(t, seen[uid])
		seen[uid] = true
		for i := range ones {
			ones[i] += bits.OnesCount8(b[i/8] >> (i % 8) & 1)
		}
	}
	// Eight standard deviations: chance does not come there.
	for bit, k := range ones {
		require.InDelta(t, n/2, k, 8*32, "bit %d is not random", bit)
	}
}

// strangers are texts that no Manager has issued, made from one that was.
func strangers(uid string) map[string]string {
	last := strings.IndexByte(alphabet, uid[21])
	other := strings.IndexByte(alphabet, uid[0])
	return map[string]string{
		"empty":                 "",
		"blank":                 strings.Repeat(" ", 22),
		"made up":               "AAAAAAAAAAAAAAAAAAAAAA",
		"one bit off":           string(alphabet[other^1]) + uid[1:],
		"same bytes, bit 0 set": uid[:21] + string(alphabet[last|1]),
		"same bytes, bit 3 set": uid[:21] + string(alphabet[last|8]),
		"same bytes, all set":   uid[:21] + string(alphabet[last|15]),
		"padded":                uid + "==",
		"cut":                   uid[:21],
		"longer":                uid + "A",
		"twice":                 uid + uid,
		"line end at the end":   uid[:21] + "\n",
		"line end inside":       uid[:10] + "\n" + uid[11:],
		"line end added":        uid[:10] + "\n" + uid[10:],
		"return added":          uid + "\r",
		"space before":          " " + uid,
		"space after":           uid + " ",
		"nul":                   uid + "\x00",
		"non-ASCII":             uid[:20] + "é",
		"standard alphabet":     "+/+/+/+/+/+/+/+/+/+/+/",
		"quoted":                `"` + uid + `"`,
	}
}

func TestOnlyTheIssuedTextIsAnID(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	require.Same(t, s, known(m.Get(context.Background(), s.UID())))
	for name, text := range strangers(s.UID()) {
		t.Run(name, func(t *testing.T) {
			require.Nil(t, known(m.Get(context.Background(), text)))
		})
	}
}

// A visitor cannot choose an id: whatever the request brought that leads to no
// live session here, the answer has an id of the server's own.
func TestNoIDIsAdopted(t *testing.T) {
	m, w := still(with(session.Lasting(time.Minute)))
	defer closed(t, m)
	other, _ := still()
	defer closed(t, other)
	expired, idle, renewed := create(t, m), create(t, m), create(t, m)
	expired.Expire()
	before := renewed.UID()
	w.Advance(time.Hour)
	require.Equal(t, session.Idle, idle.Reason())
	renewed = create(t, m)
	old := renewed.UID()
	require.NoError(t, m.Renew(visit(t), renewed))

	texts := map[string]string{
		"made up": "c2Vzc2lvbmZpeGF0aW9uIQ", "expired": expired.UID(), "idle": idle.UID(), "idle too": before,
		"renewed": old, "foreign": create(t, other).UID(), "a word": "admin", "nothing": "",
	}
	for name, uid := range texts {
		t.Run(name, func(t *testing.T) {
			require.Nil(t, known(m.Get(context.Background(), uid)))
			ctx := bring(t, uid)
			require.Nil(t, known(m.Find(ctx)))
			require.Nil(t, known(m.Peek(ctx)))
			s, err := m.Open(ctx)
			require.NoError(t, err)
			require.NotEqual(t, uid, s.UID())
			require.Len(t, setCookies(ctx), 1)
			require.Contains(t, setCookies(ctx)[0], "sid="+s.UID()+";")
			require.Nil(t, known(m.Get(context.Background(), uid)), "not even now")
		})
	}
}

func TestOpenOfALiveSessionSendsNothing(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	ctx := bring(t, s.UID())
	again, err := m.Open(ctx)
	require.NoError(t, err)
	require.Same(t, s, again)
	require.Empty(t, setCookies(ctx))
}

type broken struct{}

func (broken) Close() error { return errors.New("cannot be closed") }

// Everything that the package writes down by itself, in one life.
func TestLogsHaveNoIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log journal
		var uids []string
		m, w := still(func(m *session.Manager) {
			m.Log = log.logger()
			m.OnExpire = func(*session.Session) { panic("in OnExpire") }
		})
		w.Log = m.Log
		for range 3 {
			s := create(t, m)
			s.Own(broken{})
			s.NotifyOnExpire(func() { panic("in a call") })
			uids = append(uids, s.UID())
			require.NoError(t, m.Renew(visit(t), s))
			uids = append(uids, s.UID())
		}
		known(m.Get(context.Background(), uids[1])).Expire()
		w.Advance(time.Hour)
		var err error
		m.SetFactory(func(uid string) *session.Session {
			uids = append(uids, uid)
			panic("in the factory")
		})
		_, err = m.Create(nil)
		require.ErrorIs(t, err, session.ErrFactory)
		require.NoError(t, m.Close(t.Context()))
		text := log.String() + err.Error()
		require.Equal(t, 3, strings.Count(text, "cannot be closed"))
		require.Equal(t, 3, strings.Count(text, "in a call"))
		require.Equal(t, 3, strings.Count(text, "in OnExpire"))
		for _, uid := range uids {
			require.NotContains(t, text, uid)
			require.NotContains(t, text, uid[:12])
		}
	})
}

// Who prints a session for debugging has not given it away.
func TestPrintedSessionTellsNoID(t *testing.T) {
	m, _ := still()
	defer closed(t, m)
	s := create(t, m)
	b, err := base64.RawURLEncoding.DecodeString(s.UID())
	require.NoError(t, err)
	hi := uint64(0)
	for _, c := range b[:8] {
		hi = hi<<8 | uint64(c)
	}
	var log journal
	log.logger().Info("who", slog.Any("session", s))
	slog.New(slog.NewJSONHandler(&log, nil)).Info("who", "session", s)
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		text += fmt.Sprintf(verb+"\n", s)
	}
	for _, secret := range []string{s.UID(), fmt.Sprint(hi), fmt.Sprintf("%x", hi)} {
		require.False(t, strings.Contains(text, secret), "the id can be read from what is printed")
	}
}

// Whatever the text, it finds the session whose uid it is, or none.
func FuzzUID(f *testing.F) {
	m, _ := still()
	live := map[string]*session.Session{}
	for range 64 {
		s := create(f, m)
		live[s.UID()] = s
		f.Add(s.UID(), uint8(1), uint8(0))
		for _, text := range strangers(s.UID()) {
			f.Add(text, uint8(0), uint8(0))
		}
	}
	uids := make([]string, 0, len(live))
	for uid := range live {
		uids = append(uids, uid)
	}
	f.Fuzz(func(t *testing.T, text string, at, change uint8) {
		// The issued texts differ from run to run, so change one of these, too.
		near := []byte(uids[int(at)%len(uids)])
		near[int(at)%len(near)] ^= change
		for _, text := range []string{text, string(near)} {
			if got, want := known(m.Get(context.Background(), text)), live[text]; got != want {
				t.Fatalf("%q found %v, want %v", text, got != nil, want != nil)
			}
		}
	})
}
