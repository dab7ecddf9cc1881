package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session/storetest/server"
)

func TestFullDisk(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d *database) {
		disks := []struct {
			name   string
			server *server.Server
		}{
			{"files that cannot grow", d.plain},
			{"a small disk", d.special},
		}
		for _, disk := range disks {
			t.Run(disk.name, func(t *testing.T) {
				s := disk.server
				require.NoError(t, s.Start())
				d.empty(t, s)
				d.ask(t, s, "INSERT INTO much VALUES (1, 'before')")

				require.NoError(t, s.FillDisk())
				_, err := d.try(s, d.much)
				require.Error(t, err)
				require.Eventually(t, func() bool {
					out, err := d.try(s, "SELECT x FROM much")
					return err == nil && out == "before"
				}, time.Minute, 20*time.Millisecond)

				require.NoError(t, s.FreeDisk())
				require.NoError(t, s.Start())
				d.ask(t, s, d.much)
				require.Equal(t, "30000", d.ask(t, s, "SELECT count(*) FROM much"))
			})
		}
	})
}

func TestDiskStaysFullThroughACrash(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d *database) {
		s := d.plain
		require.NoError(t, s.Start())
		d.empty(t, s)
		// An orderly end, so that a start on the full disk has nothing to replay
		// that would make a file larger.
		require.NoError(t, s.Stop())
		require.NoError(t, s.Start())
		require.NoError(t, s.FillDisk())
		require.NoError(t, s.Kill())
		require.NoError(t, s.Start())
		_, err := d.try(s, d.much)
		require.Error(t, err)
		require.NoError(t, s.Kill())
		require.NoError(t, s.FreeDisk())
		require.NoError(t, s.Start())
		d.ask(t, s, d.much)
	})
}
