//go:build linux

package server

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// A keeper is a shell that removes all there is of a server, as soon as its
// standard input ends: when we dismiss it, or when we die, of whatever. Nobody
// else would then: a PostgreSQL whose main process is gone ends by itself, but
// not while it is paused, and nothing ends MariaDB.
type keeper struct {
	cmd *exec.Cmd
	in  io.Closer
	out bytes.Buffer // why it could not
}

// keeping has the server's folder as its argument. The server's processes are
// those whose working directory is in there, whoever their parents are by now.
//
// The lock file of PostgreSQL, which only an orderly end removes, names in its
// seventh line the segment of System V shared memory by which servers tell that
// they share a folder. The system would keep it, and has room for few thousand.
const keeping = `
cat
while
	pids=$(find /proc -mindepth 2 -maxdepth 2 -name cwd \( -lname "$1" -o -lname "$1/*" \) 2>/dev/null | cut -d/ -f3)
	[ "$pids" ]
do
	kill -KILL $pids 2>/dev/null
done
segment=$(sed -n '7s/.* //p' "$1/disk/data/postmaster.pid" 2>/dev/null) && [ "$segment" ] && ipcrm -m "$segment" 2>/dev/null
umount -l "$1/disk" 2>/dev/null
rm -rf "$1"
`

// newKeeper makes a keeper; start is to start a process that sees the folder.
func newKeeper(folder string, start func(*exec.Cmd) error) (*keeper, error) {
	k := &keeper{cmd: exec.Command("/bin/sh", "-c", keeping, "sh", folder)}
	k.cmd.Dir, k.cmd.Stderr = "/", &k.out
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's Ctrl-C is for us
	var err error
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := start(k.cmd); err != nil {
		return nil, err
	}
	return k, nil
}

// dismiss has the keeper do its work.
func (k *keeper) dismiss() error {
	if err := k.in.Close(); err != nil {
		return err
	}
	if err := k.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, k.out.Bytes())
	}
	return nil
}
