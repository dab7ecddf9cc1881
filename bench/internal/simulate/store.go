package simulate

// price is what one kind of store machine does in a second, measured on two
// cores that the client and the server shared, at 16 callers (Redis: 64).
type price struct {
	name                        string
	create, load, save, batched float64 // batched: touches, 128 at once
}

// Measured on two cores, with a prototype of such stores; lower ends where a
// measurement gave a range.
var prices = []price{
	{"Redis 7.0 (rueidis)", 60_000, 100_000, 60_000, 190_000},
	{"PostgreSQL 15 (pgx)", 5_700, 34_000, 5_800, 104_000},
	{"MariaDB 10.11", 5_500, 14_000, 3_800, 94_000},
	{"SQLite (modernc, one file)", 8_200, 20_000, 8_800, 70_000},
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
