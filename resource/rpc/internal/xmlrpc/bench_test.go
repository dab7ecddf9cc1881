package xmlrpc_test

import (
	"testing"
	"time"
)

var order = map[string]any{
	"id":    int64(4711),
	"paid":  true,
	"at":    time.Date(1998, 7, 17, 14, 8, 55, 0, time.UTC),
	"total": 119.9,
	"lines": []any{"three spindles", "a skein of wool & thread", "postage"},
}

func BenchmarkDecodeCall(b *testing.B) {
	body := write("orders.add", []any{"someone", order})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := open.DecodeCall(body); err != nil {
			b.Fatal(err)
		}
	}
}

// The largest call there can be, of small values.
func BenchmarkDecodeLargeCall(b *testing.B) {
	body := []byte(many(65535))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := open.DecodeCall(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	var response []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if response, err = open.AppendResponse(response[:0], order); err != nil {
			b.Fatal(err)
		}
	}
}
