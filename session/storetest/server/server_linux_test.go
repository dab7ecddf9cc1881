package server_test

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/spindleweb/spindle/session/storetest/server"
)

func TestServerComesBackWithWhatWasCommitted(t *testing.T) {
	ends := []struct {
		name string
		end  func(s *server.Server) error
	}{
		{"killed", (*server.Server).Kill},
		{"stopped", (*server.Server).Stop},
		{"killed while paused", func(s *server.Server) error {
			if err := s.Pause(); err != nil {
				return err
			}
			return s.Kill()
		}},
		{"stopped while paused", func(s *server.Server) error {
			if err := s.Pause(); err != nil {
				return err
			}
			return s.Stop()
		}},
	}
	eachDatabase(t, func(t *testing.T, d *database) {
		s := d.plain
		require.NoError(t, s.Start())
		addr := s.Addr()
		d.ask(t, s, "DROP TABLE IF EXISTS kept")
		d.ask(t, s, "CREATE TABLE kept (name varchar(40))")
		for _, e := range ends {
			d.ask(t, s, "INSERT INTO kept VALUES ('"+e.name+"')")
			require.NoError(t, e.end(s), e.name)
			_, err := net.Dial("tcp", addr)
			require.Error(t, err, e.name)
			require.NoError(t, s.Start(), e.name)
			require.Equal(t, addr, s.Addr())
			require.Equal(t, e.name, d.ask(t, s, "SELECT name FROM kept WHERE name = '"+e.name+"'"))
		}
		require.Equal(t, "4", d.ask(t, s, "SELECT count(*) FROM kept"))
	})
}

func TestKillEndsWhatIsUnderWay(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d *database) {
		s := d.plain
		require.NoError(t, s.Start())
		d.empty(t, s)
		write := d.query(s, "BEGIN; "+d.much+"; "+d.forever)
		require.NoError(t, write.Start())
		require.Eventually(t, func() bool {
			out, err := d.try(s, d.sleepers)
			return err == nil && out == "1"
		}, time.Minute, 10*time.Millisecond)

		require.NoError(t, s.Kill())
		require.Error(t, write.Wait())
		require.NoError(t, s.Start())
		require.Equal(t, "0", d.ask(t, s, "SELECT count(*) FROM much"))
	})
}

func TestPausedServerIsSilent(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d *database) {
		s := d.plain
		require.NoError(t, s.Start())
		require.NoError(t, s.Pause())
		require.NoError(t, s.Pause())
		c, err := net.Dial("tcp", s.Addr())
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Write(d.hello)
		require.NoError(t, err)

		var answer [1]byte
		require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
		_, err = c.Read(answer[:])
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)

		require.NoError(t, s.Resume())
		require.NoError(t, s.Resume())
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		_, err = c.Read(answer[:])
		require.NoError(t, err)
		require.Equal(t, "1", d.ask(t, s, "SELECT 1"))
	})
}

func TestSettings(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d *database) {
		require.NoError(t, d.plain.Start())
		require.Equal(t, d.safe, d.ask(t, d.plain, d.durability))
		require.Equal(t, "100", d.ask(t, d.plain, d.connections))

		require.NoError(t, d.special.Start())
		require.NotEqual(t, d.safe, d.ask(t, d.special, d.durability))
		require.Equal(t, "33", d.ask(t, d.special, d.connections))
	})
}

func TestStartOfNoKind(t *testing.T) {
	require.ErrorContains(t, new(server.Server).Start(), "neither")
}

func TestStartSaysWhatTheServerSaid(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d *database) {
		s := d.make()
		s.Args = []string{"--nonsuch=1"}
		defer s.Close()
		require.ErrorContains(t, s.Start(), "nonsuch")
	})
}
