package rpc_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// What is of another type, out of range or unknown is refused, and the function
// not called.
func TestRefusal(t *testing.T) {
	for _, c := range []conversion{
		no[bool]("int", "<int>1</int>", "1", "2"),
		no[bool]("string", "true", `"true"`, "maybe"),
		no[bool]("nil", "<nil/>", "null", "null"),
		no[int]("string", "5", `"5"`, "five"),
		no[int]("bool", "<boolean>1</boolean>", "true", "true"),
		no[int]("fraction", "<double>1.5</double>", "1.5", "1.5"),
		no[int]("nil", "<nil/>", "null", ""),
		no[int]("list", xmlArray("<int>1</int>"), "[1]", "[1]"),
		no[int]("struct", xmlStruct(), "{}", "{}"),
		no[int]("time", xmlNoon, jsonNoon, "2024-02-29"),
		no[int]("bytes", "<base64>AAH/</base64>", "", ""),
		no[int]("hexadecimal", "", "", "0x10"),
		no[int]("underscore", "", "", "1_000"),
		no[int8]("too large", "<int>128</int>", "128", "128"),
		no[int8]("too small", "<int>-129</int>", "-129", "-129"),
		no[int16]("too large", "<int>32768</int>", "32768", "32768"),
		no[int32]("too large", "<i8>2147483648</i8>", "2147483648", "2147483648"),
		no[int64]("too large", "<double>9223372036854775808</double>", "9223372036854775808", "9223372036854775808"),
		no[int64]("much too large", "", "1e300", "1e300"),
		no[uint]("negative", "<int>-1</int>", "-1", "-1"),
		no[uint8]("too large", "<int>256</int>", "256", "256"),
		no[uint16]("too large", "<int>65536</int>", "65536", "65536"),
		no[uint32]("too large", "<i8>4294967296</i8>", "4294967296", "4294967296"),
		no[uint64]("negative", "<int>-1</int>", "-1", "-1"),
		no[uint64]("too large", "<double>18446744073709551616</double>", "18446744073709551616", "18446744073709551616"),
		no[level]("too large", "<int>256</int>", "256", "256"),
		no[float64]("string", "1.5", `"1.5"`, "much"),
		no[float64]("infinity", "", "", "Inf"),
		no[float64]("no number", "", "", "NaN"),
		no[float64]("bool", "<boolean>1</boolean>", "true", "true"),
		no[float32]("too large", "<double>"+"1"+strings.Repeat("0", 300)+"</double>", "1e300", "1e300"),
		no[float32]("too small", "", "-1e39", "-1e39"),
		no[string]("int", "<int>1</int>", "1", ""),
		no[string]("nil", "<nil/>", "null", ""),
		no[string]("bool", "<boolean>1</boolean>", "true", ""),
		no[string]("list", xmlArray("a"), `["a"]`, "&v=2"),
		no[time.Time]("string", "2024-02-29T12:00:00Z", `"yesterday"`, "yesterday"),
		no[time.Time]("int", "<int>1</int>", "1", "1"),
		no[time.Time]("a day that is not there", "", `"2023-02-29T12:00:00Z"`, "2023-02-29T12:00:00Z"),
		no[time.Time]("struct", xmlStruct(), "{}", "{}"),
		no[[]byte]("string", "AAH/", `"*"`, "*"),
		no[[]byte]("int", "<int>1</int>", "1", ""),
		no[[]int]("int", "<int>1</int>", "1", "x"),
		no[[]int]("element", xmlArray("<int>1</int>", "a"), `[1,"a"]`, `[1,%22a%22]`),
		no[[]int]("struct", xmlStruct(), "{}", "{}"),
		no[[2]int]("too few", xmlArray("<int>1</int>"), "[1]", "[1]"),
		no[[2]int]("too many", xmlArray("<int>1</int>", "<int>1</int>", "<int>1</int>"), "[1,1,1]", "[1,1,1]"),
		no[map[string]int]("list", xmlArray(), "[]", "[]"),
		no[map[string]int]("member", xmlStruct("a", "b"), `{"a":"b"}`, `{%22a%22:%22b%22}`),
		no[point]("unknown member", xmlStruct("Z", "<int>1</int>"), `{"Z":1}`, `{%22Z%22:1}`),
		no[point]("member by its Go name", xmlStruct("Label", "a"), `{"Label":"a"}`, ""),
		no[point]("member in small letters", xmlStruct("x", "<int>1</int>"), `{"x":1}`, ""),
		no[point]("member that stays inside", xmlStruct("Secret", "a"), `{"Secret":"a"}`, ""),
		no[point]("member that is not exported", xmlStruct("hidden", "<int>1</int>"), `{"hidden":1}`, ""),
		no[point]("member named -", xmlStruct("-", "a"), `{"-":"a"}`, ""),
		no[point]("member without a name", xmlStruct("", "a"), `{"":"a"}`, ""),
		no[point]("wrong member", xmlStruct("X", "a"), `{"X":"a"}`, ""),
		no[point]("list", xmlArray(), "[]", "[]"),
		no[tree]("member far inside", xmlStruct("children", xmlArray(xmlStruct("name", "<int>1</int>"))), `{"children":[{"name":1}]}`, ""),
		no[netip.Addr]("other text", "localhost", `"localhost"`, "localhost"),
		no[netip.Addr]("int", "<int>1</int>", "1", "1"),
		no[netip.Addr]("struct", xmlStruct(), "{}", ""),
		no[net.IP]("list", xmlArray("<int>1</int>"), "[1]", ""),
		no[net.IP]("bytes", "<base64>AAH/</base64>", "", ""),
		no[colour]("other text", "red", `"red"`, "red"),
		no[colour]("struct", xmlStruct(), "{}", "{}"),
		no[[]int]("JSON with something after it", "", "", "[1]]"),
		no[point]("JSON with something after it", "", "", "{}}"),
		no[[]int]("JSON without an end", "", "", "[1"),
		no[[]int]("JSON with a comma too many", "", "", "[1,]"),
		no[[]int]("JSON without a comma", "", "", "[1+2]"),
		no[[]int]("two of JSON", "", "", "[1][2]"),
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}
