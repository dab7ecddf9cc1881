package xmlrpc_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/resource/rpc/internal/xmlrpc"
)

func nested(n int) string {
	return call(strings.Repeat("<value><array><data>", n) + strings.Repeat("</data></array></value>", n))
}

func many(n int) string {
	return call("<value><array><data>" + strings.Repeat("<value/>", n) + "</data></array></value>")
}

func members(n int) string {
	return call("<value><struct>" + strings.Repeat("<member><name>a</name><value/></member>", n) + "</struct></value>")
}

func TestLimits(t *testing.T) {
	large := xmlrpc.Codec{MaxSize: 64 << 20}
	small := xmlrpc.Codec{MaxDepth: 2, MaxValues: 3, MaxSize: 400}
	cases := map[string]struct {
		codec xmlrpc.Codec
		body  string
		want  string // or none
	}{
		"64 levels":            {xmlrpc.Codec{}, nested(64), ""},
		"65 levels":            {xmlrpc.Codec{}, nested(65), "64 levels"},
		"95,000 levels":        {large, nested(95000), "64 levels"},
		"as many, never ended": {large, nested(95000)[:95000*20], "64 levels"},
		"2 levels of 2":        {small, nested(2), ""},
		"3 levels of 2":        {small, nested(3), "2 levels"},
		"structs are levels":   {small, call("<value><array><data><value><struct><member><name>a</name><value><struct/></value></member></struct></value></data></array></value>"), "2 levels"},
		"65,536 values":        {xmlrpc.Codec{}, many(65535), ""},
		"65,537 values":        {xmlrpc.Codec{}, many(65536), "65536 values"},
		"200,000 values":       {large, many(200000), "65536 values"},
		"3 values of 3":        {small, many(2), ""},
		"4 values of 3":        {small, many(3), "3 values"},
		"members are values":   {small, call("<value><struct><member><name>a</name><value/></member><member><name>b</name><value/></member><member><name>c</name><value/></member></struct></value>"), "3 values"},
		"params are values":    {small, "<methodCall><methodName>m</methodName><params>" + strings.Repeat("<param><value/></param>", 4) + "</params></methodCall>", "3 values"},
		"400 bytes of 400":     {small, many(1) + strings.Repeat(" ", 400-len(many(1))), ""},
		"401 bytes of 400":     {small, many(1) + strings.Repeat(" ", 401-len(many(1))), "400 bytes"},
		"10 MB of text":        {xmlrpc.Codec{}, call("<value>" + strings.Repeat("x", 10<<20) + "</value>"), "1048576 bytes"},
		"a name of 256":        {xmlrpc.Codec{}, "<methodCall><methodName>" + strings.Repeat("x", 256) + "</methodName></methodCall>", "255 bytes in a method's name"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := c.codec.DecodeCall([]byte(c.body))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			wrong(t, err)
			require.ErrorIs(t, err, xmlrpc.ErrLimit)
			require.EqualError(t, err, "xmlrpc: over the limit of "+c.want)
		})
	}
}

// What is refused costs about what its tokens cost up to there.
func TestHostileCalls(t *testing.T) {
	const (
		little = 256 << 10
		copies = 8 << 20 // of a text as large as a call can be
	)
	laughs := "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a 'lol'>"
	for c := 'b'; c <= 'z'; c++ {
		laughs += "<!ENTITY " + string(c) + " '" + strings.Repeat("&"+string(c-1)+";", 10) + "'>"
	}
	cases := map[string]struct {
		body string
		most uint64 // bytes of memory
	}{
		"a billion laughs":       {laughs + "]>" + call("<value>&z;</value>"), little},
		"without the DTD":        {call("<value>&z;</value>"), little},
		"an external entity":     {"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + call("<value>&x;</value>"), little},
		"an external DTD":        {"<!DOCTYPE a SYSTEM 'http://localhost/a.dtd'>" + call("<value/>"), little},
		"a DTD without an end":   {"<!DOCTYPE a [" + strings.Repeat("<", 1<<20-20), copies},
		"an inclusion":           {call("<value><xi:include href='file:///etc/passwd'/></value>"), little},
		"levels":                 {nested(24000), little},
		"levels without an end":  {strings.Repeat("<a>", 300000), little},
		"values without types":   {many(120000), 16 << 20},
		"members of one name":    {members(20000), little},
		"comments without end":   {strings.Repeat("<!--", 250000), little},
		"comments":               {strings.Repeat("<!---->", 140000), copies},
		"sections of text":       {call("<value>" + strings.Repeat("<![CDATA[]]>", 80000)), copies},
		"a name of a megabyte":   {"<" + strings.Repeat("a", 1<<20-10), copies},
		"names of a megabyte":    {"<methodCall><methodName>" + strings.Repeat("a", 1<<20-100), copies},
		"an integer of as much":  {call("<value><int>" + strings.Repeat("1", 1<<20-200) + "</int></value>"), copies},
		"a double of as much":    {call("<value><double>" + strings.Repeat("1", 1<<20-200) + "</double></value>"), copies},
		"an exponent of as much": {call("<value><double>1e" + strings.Repeat("1", 1<<20-200) + "</double></value>"), copies},
		"base64 with no end":     {call("<value><base64>" + strings.Repeat("A", 1<<20-201) + "</base64></value>"), copies},
		"attributes":             {"<x " + strings.Repeat("a='' ", 200000) + "/>", 64 << 20},
		"NUL bytes":              {strings.Repeat("\x00", 1<<20), copies},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			body := []byte(c.body)
			require.LessOrEqual(t, len(body), 1<<20)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := new(xmlrpc.Codec).DecodeCall(body)
			runtime.ReadMemStats(&after)
			wrong(t, err)
			require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, c.most)
		})
	}
}

func TestReadingChangesNothing(t *testing.T) {
	body := []byte("\ufeff" + nested(3))
	before := bytes.Clone(body)
	_, params, err := open.DecodeCall(body)
	require.NoError(t, err)
	require.Equal(t, before, body)
	clear(body)
	require.Equal(t, []any{[]any{[]any{[]any{}}}}, params, "it keeps no part of the body")
}
