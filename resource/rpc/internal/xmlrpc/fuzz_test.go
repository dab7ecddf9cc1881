package xmlrpc_test

import (
	"math"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

// size counts values and levels as the limits do.
func size(v any) (values, depth int) {
	values = 1
	inside := func(v any) {
		n, d := size(v)
		values += n
		depth = max(depth, d)
	}
	switch v := v.(type) {
	case []any:
		for _, v := range v {
			inside(v)
		}
		return values, depth + 1
	case map[string]any:
		for _, v := range v {
			inside(v)
		}
		return values, depth + 1
	}
	return values, 0
}

func FuzzDecodeCall(f *testing.F) {
	for _, seed := range []string{
		"", "hello", "<methodCall/>", "<methodCall><methodName>m</methodName></methodCall>", nested(3), nested(4), many(20), members(2),
		call("<value><struct><member><name>a&#13;</name><value> <i8> 1 </i8></value></member><member><name/><value><nil/></value></member></struct></value>"),
		call("<value><double>-1.5e-7</double></value></param><param><value><boolean>1</boolean></value></param><param><value>a<!-- b --><![CDATA[<c>]]></value>"),
		call("<value><dateTime.iso8601>1998-07-17T14:08:55.25+02:00</dateTime.iso8601></value></param><param><value><base64>eW91IQ==</base64></value>"),
		"\ufeff<?xml version='1.0' encoding='iso-8859-1'?>" + call("<value>\xfc</value>"),
		"<?xml version='1.0' encoding='us-ascii'?><!DOCTYPE a [<!ENTITY b 'c'>]>" + call("<value>&b;</value>"),
	} {
		f.Add([]byte(seed))
	}
	small := xmlrpc.Codec{I8: true, Nil: true, MaxDepth: 3, MaxValues: 16, MaxSize: 4 << 10}
	f.Fuzz(func(t *testing.T, body []byte) {
		method, params, err := small.DecodeCall(body)
		if err != nil {
			wrong(t, err)
			require.Empty(t, method)
			require.Nil(t, params)
			return
		}
		require.LessOrEqual(t, len(body), small.MaxSize)
		require.LessOrEqual(t, len(method), 255)
		values, depth := size(params)
		require.LessOrEqual(t, values-1, small.MaxValues)
		require.LessOrEqual(t, depth-1, small.MaxDepth)

		again, same, err := open.DecodeCall(write(method, params))
		require.NoError(t, err)
		require.Equal(t, method, again)
		require.Equal(t, params, same)

		for _, v := range params {
			response, err := open.AppendResponse(nil, v)
			require.NoError(t, err, "what was read can be written")
			require.Equal(t, inSeconds(v), result(t, response))
		}
	})
}

// inSeconds is what is left of a value when it was written in a response.
func inSeconds(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Truncate(time.Second)
	case []any:
		for i := range v {
			v[i] = inSeconds(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = inSeconds(v[name])
		}
	}
	return v
}

func FuzzResponse(f *testing.F) {
	f.Add("a<b>&c", "name", int64(1), 1.5, []byte("you!"), int64(900000000))
	f.Add(" \r\n\t", "", int64(math.MinInt64), 5e-324, []byte(nil), int64(-62167219200))
	f.Add("\x00", "\xff", int64(math.MaxInt64), math.MaxFloat64, []byte{0}, int64(253402300800))
	f.Fuzz(func(t *testing.T, text, name string, n int64, double float64, bytes []byte, unix int64) {
		at := time.Unix(unix, 0).UTC()
		if bytes == nil {
			bytes = []byte{}
		}
		v := map[string]any{name: text, "list": []any{n, double, bytes, at, nil, true}}
		response, err := open.AppendResponse(nil, v)
		if err != nil {
			wrong(t, err)
			require.True(t, !plain(text) || !plain(name) || math.IsNaN(double) || math.IsInf(double, 0) || at.Year() < 0 || at.Year() > 9999, err)
			return
		}
		require.Equal(t, v, result(t, response))

		// A fault is written whatever its text.
		fault := string(open.AppendFault(nil, int(n), text))
		require.True(t, utf8.ValidString(fault))
	})
}

// plain reports whether XML can have the text, as its section 2.2 has it.
func plain(s string) bool {
	for _, r := range s {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000:
		default:
			return false
		}
	}
	return utf8.ValidString(s)
}
