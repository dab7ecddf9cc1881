package session

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzUnseal(f *testing.F) {
	f.Add("note", seal("note", []byte(`"x"`)))
	f.Add("", seal("", nil))
	f.Add("note", []byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		data, err := unseal(name, b)
		if err != nil {
			require.ErrorIs(t, err, ErrUnreadable)
			require.Nil(t, data)
			return
		}
		require.Equal(t, seal(name, data), b, "there is one way to write a value")
	})
}

func FuzzSeal(f *testing.F) {
	f.Add("note", []byte(`"x"`), uint(3))
	f.Fuzz(func(t *testing.T, name string, data []byte, at uint) {
		b := seal(name, data)
		got, err := unseal(name, b)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
		b[at/8%uint(len(b))] ^= 1 << (at % 8)
		_, err = unseal(name, b)
		require.ErrorIs(t, err, ErrUnreadable, "a bit is another one")
	})
}

func FuzzDecodeHeader(f *testing.F) {
	for _, text := range []string{`{"timeout":900000000000,"tls":true}`, `{}`, `null`, `{"timeout":-1}`, `{"timeout":1e30}`, `[`, ``} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHeader(b)
		if err != nil {
			require.ErrorIs(t, err, ErrUnreadable)
			return
		}
		again, err := decodeHeader(h.encode())
		require.NoError(t, err)
		require.Equal(t, h.Timeout, again.Timeout)
		require.Equal(t, h.origin(), again.origin())
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{0, byte(len(seal("", header{}.encode())))}, seal("", header{}.encode()), "note", seal("note", nil))
	f.Fuzz(func(t *testing.T, _, head []byte, name string, b []byte) {
		_, fields, err := unpack(Record{Fields: []Field{{Name: headerName, Value: head}, {Name: name, Value: b}}})
		if err != nil {
			require.ErrorIs(t, err, ErrUnreadable)
			require.Nil(t, fields)
			return
		}
		require.LessOrEqual(t, len(fields), 1)
	})
}

func TestHeaderRoundTrip(t *testing.T) {
	yes, no := true, false
	for name, h := range map[string]header{
		"no origin":     {Timeout: time.Minute},
		"plain":         {Timeout: time.Minute, TLS: &no},
		"secure":        {Timeout: time.Minute, TLS: &yes},
		"never":         {Timeout: Never},
		"no time":       {},
		"less than one": {Timeout: -time.Second},
	} {
		got, err := decodeHeader(h.encode())
		require.NoError(t, err, name)
		require.Equal(t, h, got, name)
	}
}

// What a store holds is read by later versions of this program: the bytes of
// today, once and for all.
func TestTheFormat(t *testing.T) {
	b := seal("note", []byte(`"kept"`))
	require.EqualValues(t, 1, b[0])
	require.Equal(t, checksum("note", []byte(`"kept"`)), binary.BigEndian.Uint32(b[1:5]))
	require.Equal(t, `"kept"`, string(b[5:]))
	yes := true
	require.Equal(t, `{"timeout":60000000000,"tls":true}`, string(header{Timeout: time.Minute, TLS: &yes}.encode()))
}

func TestUnreadable(t *testing.T) {
	good := seal("", header{Timeout: time.Minute}.encode())
	for name, fields := range map[string][]Field{
		"none":              nil,
		"no header":         {{Name: "note", Value: seal("note", []byte("1"))}},
		"a header of words": {{Name: "", Value: seal("", []byte("words"))}},
		"a later version":   {{Name: "", Value: append([]byte{2}, good[1:]...)}},
		"too short":         {{Name: "", Value: good}, {Name: "x", Value: []byte{1, 2, 3, 4}}},
		"another's value":   {{Name: "", Value: good}, {Name: "x", Value: seal("y", []byte("1"))}},
	} {
		_, _, err := unpack(Record{Fields: fields})
		require.ErrorIs(t, err, ErrUnreadable, name)
		require.Less(t, len(err.Error()), 200, name)
	}
	_, err := unseal(strings.Repeat("x", 300), nil)
	require.ErrorIs(t, err, ErrUnreadable)
}
