//go:build linux

package server

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
)

// FillDisk takes away the space that is left for the server's data, until
// FreeDisk.
//
// If it has a disk of its own (see Server.Disk) the disk shrinks to what is used
// of it: files can be written over but not extended, and the server sees
// "no space left on device". Otherwise no file can grow beyond the size of the
// largest that there is, 16 MB at least in all of our servers, and it sees "file
// too large": so smaller files grow on for a while, and new ones can be made.
//
// What the server makes of that is its own affair. Most of the time a statement
// fails and all goes on; but PostgreSQL restarts itself if the space is missing
// for its log of changes, and gives up if it is still missing then: Start after
// FreeDisk brings either back.
func (s *Server) FillDisk() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.mounted {
		err = s.shrink()
	} else {
		err = s.limitFiles(s.largest())
	}
	if err != nil {
		return fmt.Errorf("server: filling the disk of %s: %w", s.kind.name, err)
	}
	return nil
}

// FreeDisk gives the space back.
func (s *Server) FreeDisk() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.mounted {
		err = s.resize(s.Disk)
	} else {
		err = s.limitFiles(0)
	}
	if err != nil {
		return fmt.Errorf("server: freeing the disk of %s: %w", s.kind.name, err)
	}
	return nil
}

// largest returns the size of the largest file on the disk.
func (s *Server) largest() (size int64) {
	_ = filepath.WalkDir(s.disk(), func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has just been removed
		}
		if info, err := d.Info(); err == nil {
			size = max(size, info.Size())
		}
		return nil
	})
	return size
}

// limitFiles sets the size that files can grow to, for the processes that run
// and for those to come; 0 is no limit.
func (s *Server) limitFiles(size int64) error {
	s.fileLimit = size
	if !s.process.alive() {
		return nil
	}
	return each(s.process.pid(), func(pid int) error { return s.limitProcess(pid, size) })
}

// limitProcess runs prlimit as the server's owner, who needs no rights for that
// where even root may.
func (s *Server) limitProcess(pid int, size int64) error {
	cmd := exec.Command("prlimit", "--pid", strconv.Itoa(pid), fsize(size))
	cmd.Dir, cmd.SysProcAttr = s.folder, s.attributes()
	var out []byte
	err := s.thread.do(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil && !ended(pid) {
		return fmt.Errorf("prlimit: %w: %s", err, out)
	}
	return nil
}

// fsize is the argument of prlimit: the soft limit alone, which its owner can
// raise again.
func fsize(size int64) string {
	if size == 0 {
		return "--fsize=unlimited:"
	}
	return fmt.Sprintf("--fsize=%d:", size)
}
