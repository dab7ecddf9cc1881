package simulate

// price is what one kind of store machine does in a second, for 16 callers.
type price struct {
	name                        string
	create, load, save, batched float64 // batched: touches, 128 at once
}

// As BenchmarkSQL in drills has measured it on two cores, which the client and the
// server shared, with servers that do not wait for the disk.
var prices = []price{
	{"PostgreSQL 15 (pgx)", 15_000, 27_000, 12_000, 99_000},
	{"MariaDB 10.11", 6_100, 12_000, 5_000, 57_000},
	{"SQLite (modernc, one file)", 9_700, 47_000, 8_500, 75_000},
}

// machines returns how many such stores the traffic of a second keeps busy. What
// was not measured by itself has the price of the nearest thing that was: a
// claim, which reads and writes one index entry, that of a touch in a batch; an
// acknowledgement, which deletes, and an end by log-out that of a save.
func (p price) machines(t traffic) float64 {
	return t.creates/p.create +
		(t.loads+t.reloads)/p.load +
		(t.saves+t.disposals+t.acks)/p.save +
		(t.touches+t.claims)/p.batched
}
