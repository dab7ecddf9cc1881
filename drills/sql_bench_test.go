package drills_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
)

// BenchmarkSQL has each database do what a Store asks of it, for one user and
// for 16, beside a SELECT 1 of the same driver: ops/s, and how many SELECTs one
// op takes the time of. Of touch128 an op is one of the 128. The databases are
// those of the tests, which do not wait for the disk.
func BenchmarkSQL(b *testing.B) {
	for _, name := range []string{"SQLite", "PostgreSQL", "MariaDB"} {
		b.Run(name, func(b *testing.B) {
			d := databases[name](b)
			for _, users := range []int{1, 16} {
				b.Run(fmt.Sprint("users=", users), func(b *testing.B) { benchSQL(b, d, users) })
			}
		})
	}
}

func benchSQL(b *testing.B, d database, users int) {
	const live = 10_000
	ctx := context.Background()
	s := d.store(b, table())
	fields := []session.Field{
		{Name: "name", Value: make([]byte, 40), Version: session.AnyVersion},
		{Name: "cart", Value: make([]byte, 40), Version: session.AnyVersion},
		{Name: "seen", Value: make([]byte, 40), Version: session.AnyVersion},
	}
	record := session.Record{Remaining: time.Hour, Limit: session.Never, Fields: fields}
	var created atomic.Int64
	for created.Load() < live {
		require.NoError(b, s.Create(ctx, keyOf(int(created.Add(1))), record))
	}
	touches := func(n int) []session.Touch {
		list := make([]session.Touch, 128)
		for i := range list {
			list[i] = session.Touch{Key: keyOf((n*128+i)%live + 1), Extend: time.Hour + time.Duration(n)*time.Second}
		}
		return list
	}
	terms := session.Terms{Owner: "A", Lease: time.Hour, Why: session.Idle}
	var base float64
	for _, e := range []struct {
		name string
		size int
		do   func(n int) error
	}{
		{"select1", 1, func(int) error { var one int; return s.DB.QueryRowContext(ctx, "SELECT 1").Scan(&one) }},
		{"create", 1, func(int) error { return s.Create(ctx, keyOf(int(created.Add(1))), record) }},
		{"load", 1, func(n int) error { _, err := s.Load(ctx, keyOf(n%live+1)); return err }},
		{"save", 1, func(n int) error {
			_, err := s.Save(ctx, keyOf(n%live+1), session.Change{Set: fields[:1], Extend: time.Hour})
			return err
		}},
		{"exists", 1, func(n int) error { _, err := s.Exists(ctx, keyOf(n%live+1)); return err }},
		{"touch128", 128, func(n int) error { _, err := s.Touch(ctx, touches(n)); return err }},
		{"emptyDue", 1, func(int) error { _, err := s.Due(ctx, 128, 0, terms); return err }},
	} {
		b.Run(e.name, func(b *testing.B) {
			var n atomic.Int64
			b.SetParallelism(max(users/2, 1))
			work := func(more func() bool) {
				for more() {
					if err := e.do(int(n.Add(1))); err != nil {
						b.Error(err)
					}
				}
			}
			if users == 1 {
				work(b.Loop)
			} else {
				b.RunParallel(func(p *testing.PB) { work(p.Next) })
			}
			ops := float64(n.Load()) * float64(e.size) / b.Elapsed().Seconds()
			if e.name == "select1" {
				base = ops
			}
			b.ReportMetric(ops, "ops/s")
			b.ReportMetric(base/ops, "select1s/op")
		})
	}
}
