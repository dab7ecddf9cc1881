package drills_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session"
	"github.com/spindleweb/spindle/session/sqlstore"
)

func keyOf(i int) session.StoreKey { return sha256.Sum256([]byte(strconv.Itoa(i))) }

// Two processes, each with four users, count in one session, and share out what
// is due. They do so on SQLite too when it is set up as it should not be, with
// many writers that become so in the middle of a transaction.
func twoProcesses(t *testing.T, d database) {
	const each, sessions = 25, 600
	ctx := limited(t)
	name := table()
	if d.dialect == sqlstore.SQLite {
		d.dsn, d.conns = strings.ReplaceAll(d.dsn, "&_txlock=immediate", ""), 4
	}
	users := make([]*sqlstore.Store, 8)
	first, second := d.store(t, name), d.store(t, name)
	for i := range users {
		users[i] = first
		if i%2 == 1 {
			users[i] = second
		}
	}
	together := func(f func(i int, s *sqlstore.Store) error) {
		t.Helper()
		errs := make([]error, len(users))
		var wg sync.WaitGroup
		for i, s := range users {
			wg.Go(func() { errs[i] = f(i, s) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
	}

	counter := keyOf(-1)
	record := session.Record{Remaining: time.Hour, Limit: session.Never, Fields: []session.Field{{Name: "n", Value: []byte("0")}}}
	require.NoError(t, users[0].Create(ctx, counter, record))
	together(func(_ int, s *sqlstore.Store) error {
		for done := 0; done < each; {
			r, err := s.Load(ctx, counter)
			if err != nil {
				return err
			}
			f := r.Fields[0]
			n, err := strconv.Atoi(string(f.Value))
			if err != nil {
				return err
			}
			f.Value = strconv.AppendInt(nil, int64(n+1), 10)
			switch _, err = s.Save(ctx, counter, session.Change{Set: []session.Field{f}, Extend: time.Hour}); {
			case err == nil:
				done++
			case !errors.Is(err, session.ErrConflict):
				return err
			}
		}
		return nil
	})
	r, err := first.Load(ctx, counter)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(each*len(users)), string(r.Fields[0].Value))
	require.Equal(t, uint64(1+each*len(users)), r.Version)

	together(func(i int, s *sqlstore.Store) error {
		for n := i; n < sessions; n += len(users) {
			r := session.Record{Remaining: -time.Hour, Limit: session.Never, Fields: []session.Field{{Name: "n", Value: []byte(strconv.Itoa(n))}}}
			if err := s.Create(ctx, keyOf(n), r); err != nil {
				return err
			}
		}
		return nil
	})
	claimed := make([][]session.Claim, len(users))
	together(func(i int, s *sqlstore.Store) error {
		for {
			claims, err := s.Due(ctx, 20, 0, session.Terms{Owner: fmt.Sprint(i), Lease: time.Hour, Why: session.Idle})
			if err != nil || len(claims) == 0 {
				return err
			}
			claimed[i] = append(claimed[i], claims...)
			keys := make([]session.StoreKey, len(claims))
			for i, c := range claims {
				keys[i] = c.Key
			}
			if err := s.Ack(ctx, keys); err != nil {
				return err
			}
		}
	})
	seen := make(map[string]bool)
	for _, claims := range claimed {
		for _, c := range claims {
			require.Equal(t, 1, c.Attempt)
			require.Len(t, c.Record.Fields, 1)
			n := string(c.Record.Fields[0].Value)
			require.False(t, seen[n], "claimed twice")
			seen[n] = true
		}
	}
	require.Len(t, seen, sessions)
}
