package drills_test

import (
	"crypto/sha256"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// damage changes one bit of one value of each session, in the database itself.
func (sc scene) damage(t testing.TB, all []born) {
	ctx := limited(t)
	db := sc.open(t)
	for _, b := range all {
		key := sha256.Sum256([]byte(b.UID))
		type field struct{ name, value []byte }
		var fields []field
		rows, err := db.QueryContext(ctx, sc.rebind(`SELECT name, value FROM `+sc.table+`_values WHERE hash = ?`), key[:])
		require.NoError(t, err)
		for rows.Next() {
			var f field
			require.NoError(t, rows.Scan(&f.name, &f.value))
			fields = append(fields, f)
		}
		require.NoError(t, rows.Err())
		require.NotEmpty(t, fields)
		f := fields[rand.N(len(fields))]
		if f.name == nil {
			f.name = []byte{} // as which some drivers read it
		}
		f.value[rand.N(len(f.value))] ^= 1 << rand.N(8)
		result, err := db.ExecContext(ctx, sc.rebind(`UPDATE `+sc.table+`_values SET value = ? WHERE hash = ? AND name = ?`), f.value, key[:], f.name)
		require.NoError(t, err)
		n, err := result.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
	}
}

const isSetAside = "it is set aside"

// A flipped bit costs one session, and nobody else anything.
func TestDamage(t *testing.T) {
	onEach(t, func(t *testing.T, name string) {
		sc := stage(t, name, 0)
		t.Run("visitors", func(t *testing.T) { damagedVisitors(t, sc.fresh(time.Hour)) })
		t.Run("ends", func(t *testing.T) { damagedEnds(t, sc.fresh(3*time.Second)) })
	}, "PostgreSQL", "MariaDB", "SQLite")
}

func damagedVisitors(t *testing.T, sc scene) {
	const sessions, damaged = 60, 20
	before := sc.launch(t, 0)
	all := before.make(sessions, false)
	before.stop()
	sc.damage(t, all[:damaged])
	p := sc.launch(t, 1)
	for range 2 {
		for i, b := range all {
			r := p.visitor("/look", b.UID)
			require.Equal(t, 200, r.code)
			if i >= damaged {
				require.Equal(t, b.Number, r.Number)
				require.Empty(t, r.uid)
				continue
			}
			require.NotEmpty(t, r.uid)
			require.NotEqual(t, b.UID, r.uid)
			require.Equal(t, r.Number, p.visitor("/look", r.uid).Number)
		}
	}
	require.EqualValues(t, damaged, p.stats().Store.SetAside)
	require.Equal(t, damaged, strings.Count(p.words(), isSetAside))
	t.Logf("%d of %d sessions damaged: %d set aside, the others live", damaged, sessions, damaged)
}

func damagedEnds(t *testing.T, sc scene) {
	const sessions, damaged = 60, 20
	here := sc.launch(t, 0) // takes over what nobody has
	count := sc.left(t)
	resident := here.make(sessions, false)
	sc.damage(t, resident[:damaged])
	dead := sc.launch(t, 1)
	orphans := dead.make(sessions, false)
	dead.kill()
	sc.damage(t, orphans[:damaged])
	until(t, "all but the damaged ones gone", func() bool { return count() == damaged })
	more := sc.launch(t, 2)
	orphans = append(orphans, more.make(sessions, false)...)
	more.kill()
	until(t, "all but the damaged ones gone", func() bool {
		return here.begun()+dead.begun()+more.begun() >= 3*sessions-damaged && count() == damaged
	})

	// What is here ends with the values that are here.
	c := crowd{scene: sc, all: []*process{here, dead, more}}
	runs := c.runs(t)
	require.Len(t, runs, 3*sessions-damaged)
	for _, b := range append(resident, orphans[damaged:]...) {
		require.NotEmpty(t, runs[b.Number])
	}
	require.EqualValues(t, damaged, here.stats().Store.SetAside)
	require.Equal(t, damaged, strings.Count(here.words(), isSetAside), "each was looked at once")
	t.Logf("%d of %d sessions damaged: %d of nobody set aside, the others ended", 2*damaged, 3*sessions, damaged)
}
