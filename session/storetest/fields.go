package storetest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// What names and values may be.

// names are all different, though many a store takes some for the same.
var names = []string{
	"", "a", "A", "a ", " a", "a\t", "a\x00", "\x00", "a\n", "é", "e\u0301", "E", "É", "ß", "ss", "ı", "i", "I", "İ", "ﬁ", "fi",
	"Å", "\u212b", "日本", "日本\u200b", "😀", "👩‍🚀", "\U0010ffff", "\ufeff", "%", "_", "*", "'", `"`, `\`, "`", "$1", "?", ":a", "{a}",
	"NULL", "0", "00", "1", "-1", "1e3", "true", "key", "value", "version", "_v", "../a",
	strings.Repeat("x", 255), strings.Repeat("x", 254), strings.Repeat("x", 254) + "y", strings.Repeat("é", 127), strings.Repeat("日", 85),
}

// values are bytes that stores have been known to change.
func values() [][]byte {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	return [][]byte{
		every, {}, nil, {0}, {0, 0, 0}, {' '}, []byte("a "), []byte("a\r\n"), {0xff, 0xfe}, {0xc3}, []byte(`{"a":"\u0000"}`), []byte(`\x41`),
		[]byte("1"), []byte("1.50"), []byte("null"), bytes.Repeat([]byte{0}, 4096), bytes.Repeat([]byte("é"), 40000),
	}
}

// kept requires that exactly these values are there.
func (x *trial) kept(key session.StoreKey, want []session.Field) {
	x.Helper()
	have := make(map[string][]byte)
	for _, f := range x.load(key).Fields {
		have[f.Name] = f.Value
	}
	require.Len(x, have, len(want))
	for _, f := range want {
		v, ok := have[f.Name]
		require.True(x, ok, "field %.20q", f.Name)
		require.True(x, bytes.Equal(f.Value, v), "field %.20q: %d bytes became %d, or others", f.Name, len(f.Value), len(v))
	}
}

// both has fields written once by Create and once by Save.
func (x *trial) both(fields []session.Field) {
	x.Helper()
	x.kept(x.live(fields...), fields)
	key := x.live()
	x.save(key, set(fields...))
	x.kept(key, fields)
}

var fieldChecks = []check{
	{"values are any bytes", func(x *trial) {
		var fields []session.Field
		for i, v := range values() {
			fields = append(fields, session.Field{Name: fmt.Sprint(i), Value: v, Version: session.AnyVersion})
		}
		x.both(fields)
	}},
	{"a value of 1 MiB", func(x *trial) {
		x.both([]session.Field{field("large", strings.Repeat("0123456789abcde\x00", 1<<16)), field("small", "s")})
	}},
	{"a value replaced by an empty one is there and empty", func(x *trial) {
		key := x.live(field("a", "1"))
		x.save(key, set(session.Field{Name: "a", Version: 1}))
		require.Equal(x, map[string]string{"a": "@2"}, x.fields(key))
	}},
	{"names are told apart byte by byte", func(x *trial) {
		var fields []session.Field
		for i, name := range names {
			fields = append(fields, field(name, fmt.Sprint(i)))
		}
		x.both(fields)
	}},
	{"each name is set, expected and deleted without the others", func(x *trial) {
		key := x.live()
		for _, name := range names { // one by one: each is a new one
			x.save(key, set(expecting(0, name, name)))
		}
		require.Len(x, x.load(key).Fields, len(names))
		for i, name := range names {
			x.save(key, set(expecting(uint64(i)+2, name, "new")))
			x.save(key, session.Change{Delete: []string{name}})
			require.Len(x, x.load(key).Fields, len(names)-1-i, "%q", name)
		}
	}},
	{"300 fields", func(x *trial) {
		var fields []session.Field
		var some []string
		for i := range 300 {
			fields = append(fields, field(fmt.Sprint("field ", i), fmt.Sprint(i)))
			if i >= 100 {
				some = append(some, fields[i].Name)
			}
		}
		x.both(fields)
		key := x.live(fields...)
		x.save(key, session.Change{Delete: some})
		x.kept(key, fields[:100])
	}},
	{"they are copies", func(x *trial) {
		given := []session.Field{field("a", "1")}
		key := x.live(given...)
		given[0].Value[0] = 'x'
		given[0].Name = "x"
		x.load(key).Fields[0].Value[0] = 'y'
		require.Equal(x, map[string]string{"a": "1@1"}, x.fields(key))
		c := set(field("a", "2"))
		x.save(key, c)
		c.Set[0].Value[0] = 'x'
		require.Equal(x, map[string]string{"a": "2@2"}, x.fields(key))
	}},
}
